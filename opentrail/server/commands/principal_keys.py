"""Access keys on the command line: `opentrail principals add-key`, `rotate-key`, and what switches and deletes them."""

from typing import Annotated

import typer

from opentrail.server.administering import administering
from opentrail.server.commands.principal_options import (
    AccountOption,
    AsJson,
    DataDir,
    NeitherOrBoth,
    UserOption,
    account_or_home,
    show_key,
)
from opentrail.server.data_folder import DataFolder


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("add-key")(add_key_command)
    app.command("rotate-key")(rotate_key_command)
    app.command("disable-key")(disable_key_command)
    app.command("enable-key")(enable_key_command)
    app.command("delete-key")(delete_key_command)


def add_key_command(
    user: UserOption = "",
    of_root: Annotated[bool, typer.Option("--root", help="Of the account's root.")] = False,
    data_dir: DataDir = None,
    account: AccountOption = "",
    as_json: AsJson = False,
) -> None:
    """Issue a key, which is shown once; two at most for one user or root."""
    if bool(user) == of_root:
        raise NeitherOrBoth("name a user, or say --root")
    with administering(DataFolder.resolve(data_dir), "principals add-key") as found:
        key = found.keys.create(account_or_home(found, account), user or None)
    show_key(key, as_json, f"{key.principal.arn}; its key, shown this once:", arn=key.principal.arn)


def rotate_key_command(access_key_id: str, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Issue a key in the place of one, which is disabled; the new one is shown once."""
    with administering(DataFolder.resolve(data_dir), "principals rotate-key") as found:
        key = found.keys.rotate(access_key_id)
    show_key(key, as_json, f"{access_key_id} is disabled; the new key, shown this once:", replaces=access_key_id)


def disable_key_command(access_key_id: str, data_dir: DataDir = None) -> None:
    """What is signed with the key is refused from now on."""
    with administering(DataFolder.resolve(data_dir), "principals disable-key") as found:
        found.keys.set_status(access_key_id, "Inactive")
    typer.echo(f"{access_key_id} is disabled")


def enable_key_command(access_key_id: str, data_dir: DataDir = None) -> None:
    """The key is good again."""
    with administering(DataFolder.resolve(data_dir), "principals enable-key") as found:
        found.keys.set_status(access_key_id, "Active")
    typer.echo(f"{access_key_id} is enabled")


def delete_key_command(access_key_id: str, data_dir: DataDir = None) -> None:
    """Forget the key and its secret."""
    with administering(DataFolder.resolve(data_dir), "principals delete-key") as found:
        found.keys.delete(access_key_id)
    typer.echo(f"{access_key_id} is deleted")
