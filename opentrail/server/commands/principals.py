"""`opentrail principals`: accounts, users and roles; keys and policies in the modules beside."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.administration.identities import SESSION_SECONDS
from opentrail.accounts.administration.policies import policy_arn
from opentrail.server.administering import Administering, administering
from opentrail.server.commands import principal_keys, principal_policies
from opentrail.server.commands.principal_options import (
    AccountOption,
    AsJson,
    DataDir,
    account_or_home,
    show_key,
    text_of,
)
from opentrail.server.commands.terminal import visible
from opentrail.server.data_folder import DataFolder

app = typer.Typer(no_args_is_help=True)
principal_keys.add_to(app)
principal_policies.add_to(app)

PathOption = Annotated[str, typer.Option(help="Begins and ends with /.")]
PolicyOption = Annotated[
    list[str] | None, typer.Option("--policy", help="Name or ARN of a policy to attach; may be given again.")
]


@app.command("list")
def list_command(data_dir: DataDir = None, account: AccountOption = "", as_json: AsJson = False) -> None:
    """Show accounts with their users, roles, policies and keys; secrets are never shown again."""
    with administering(DataFolder.resolve(data_dir), "principals list") as found:
        chosen = [row for row in found.accounts.all() if account in ("", row.id)]
        told = [{**_account(row), **_contents(found, row.id)} for row in chosen]
    if as_json:
        typer.echo(json.dumps(told))
        return
    for entry in told:
        typer.echo(f"account {entry['id']} {visible(entry['name'])}{_marks(entry)}")
        for kind in ("users", "roles"):
            for one in entry[kind]:
                policies = ", ".join(arn.rpartition("/")[2] for arn in one["policies"]) or "no policies"
                bound = f", at most {one['boundary'].rpartition('/')[2]}" if one["boundary"] else ""
                typer.echo(f"  {kind[:-1]} {one['name']}: {policies}{bound}")
        for policy in entry["policies"]:
            typer.echo(f"  policy {policy}")
        for key in entry["keys"]:
            typer.echo(f"  key {key['accessKeyId']} of {key['user'] or 'the root'}: {key['status']}")


@app.command("add-account")
def add_account_command(
    name: str,
    data_dir: DataDir = None,
    account_id: Annotated[str, typer.Option("--id", help="Its number; else one by chance.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an account and the key of its root, which is shown once."""
    with administering(DataFolder.resolve(data_dir), "principals add-account") as found:
        row = found.accounts.create(name, account_id)
        key = found.keys.create(row.id, None)
    show_key(key, as_json, f"Account {row.id}; the key of its root, shown this once:", account=row.id)


@app.command("close-account")
def close_account_command(account: str, data_dir: DataDir = None) -> None:
    """None of the account's keys is good from now on."""
    with administering(DataFolder.resolve(data_dir), "principals close-account") as found:
        found.accounts.close(account)
    typer.echo(f"Account {account} is closed")


@app.command("reopen-account")
def reopen_account_command(account: str, data_dir: DataDir = None) -> None:
    """The account's keys are good again, but for those that are disabled."""
    with administering(DataFolder.resolve(data_dir), "principals reopen-account") as found:
        found.accounts.reopen(account)
    typer.echo(f"Account {account} is open")


@app.command("add-user")
def add_user_command(
    name: str,
    data_dir: DataDir = None,
    account: AccountOption = "",
    path: PathOption = "/",
    policy: PolicyOption = None,
    with_key: Annotated[bool, typer.Option("--key/--no-key", help="Issue an access key.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make a user and a key, which is shown once. Without policies the user may do nothing."""
    with administering(DataFolder.resolve(data_dir), "principals add-user") as found:
        owner = account_or_home(found, account)
        row = found.identities.create_user(owner, name, path)
        for one in policy or ():
            found.identities.attach(owner, "user", name, policy_arn(owner, one))
        key: AccessKey | None = found.keys.create(owner, name) if with_key else None
    if key is not None:
        show_key(key, as_json, f"{row.arn}; its key, shown this once:", arn=row.arn)
    else:
        typer.echo(json.dumps({"arn": row.arn}) if as_json else row.arn)


@app.command("delete-user")
def delete_user_command(name: str, data_dir: DataDir = None, account: AccountOption = "") -> None:
    """Take a user away, with keys and sessions."""
    with administering(DataFolder.resolve(data_dir), "principals delete-user") as found:
        found.identities.delete(account_or_home(found, account), "user", name)
    typer.echo(f"User {name} is deleted")


@app.command("add-role")
def add_role_command(
    name: str,
    trust: Annotated[Path, typer.Option("--trust", help="File of the trust policy: who may assume it.")],
    data_dir: DataDir = None,
    account: AccountOption = "",
    path: PathOption = "/",
    policy: PolicyOption = None,
    session_seconds: Annotated[int, typer.Option("--max-session", help="Longest session, seconds.")] = SESSION_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Make a role that those whom its trust policy names may assume."""
    with administering(DataFolder.resolve(data_dir), "principals add-role") as found:
        owner = account_or_home(found, account)
        row = found.identities.create_role(owner, name, text_of(trust), path, session_seconds)
        for one in policy or ():
            found.identities.attach(owner, "role", name, policy_arn(owner, one))
    typer.echo(json.dumps({"arn": row.arn}) if as_json else row.arn)


@app.command("set-trust")
def set_trust_command(
    name: str,
    trust: Annotated[Path, typer.Option("--trust", help="File of the new trust policy.")],
    data_dir: DataDir = None,
    account: AccountOption = "",
) -> None:
    """Who may assume the role from now on; sessions that are there go on."""
    with administering(DataFolder.resolve(data_dir), "principals set-trust") as found:
        found.identities.set_trust(account_or_home(found, account), name, text_of(trust))
    typer.echo(f"Role {name} has a new trust policy")


@app.command("delete-role")
def delete_role_command(name: str, data_dir: DataDir = None, account: AccountOption = "") -> None:
    """Take a role away, with its sessions."""
    with administering(DataFolder.resolve(data_dir), "principals delete-role") as found:
        found.identities.delete(account_or_home(found, account), "role", name)
    typer.echo(f"Role {name} is deleted")


def _account(row: Any) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "management": row.management, "status": row.status}


def _contents(found: Administering, account: str) -> dict[str, Any]:
    listed: dict[str, Any] = {
        f"{kind}s": [
            {"name": row.name, "arn": row.arn, "policies": policies, "boundary": row.boundary}
            for row, policies in found.identities.all(account, kind)
        ]
        for kind in ("user", "role")
    }
    keys = [
        {"accessKeyId": key.access_key_id, "user": key.owner_name or None, "status": key.status}
        for key in found.keys.all(account)
    ]
    return {**listed, "policies": [row.name for row in found.policies.all(account)], "keys": keys}


def _marks(entry: dict[str, Any]) -> str:
    closed = ", closed" if entry["status"] != "ACTIVE" else ""
    return (" (management)" if entry["management"] else "") + closed
