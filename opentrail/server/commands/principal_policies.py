"""Policies on the command line: `opentrail principals add-policy`, and who has which."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from opentrail.accounts.administration import IdentityChanges
from opentrail.accounts.administration.policies import policy_arn
from opentrail.catalog.principals import Kind
from opentrail.server.administering import administering
from opentrail.server.commands.principal_options import (
    AccountOption,
    DataDir,
    RoleOption,
    UserOption,
    account_or_home,
    one_of,
    text_of,
)
from opentrail.server.data_folder import DataFolder

PolicyArgument = Annotated[str, typer.Argument(metavar="POLICY", help="Its name or ARN; AWS's own by theirs.")]
DocumentOption = Annotated[Path, typer.Option("--document", help="File of the policy.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("add-policy")(add_policy_command)
    app.command("update-policy")(update_policy_command)
    app.command("delete-policy")(delete_policy_command)
    app.command("attach-policy")(attach_policy_command)
    app.command("detach-policy")(detach_policy_command)
    app.command("set-boundary")(set_boundary_command)
    app.command("remove-boundary")(remove_boundary_command)


def add_policy_command(
    name: str, document: DocumentOption, data_dir: DataDir = None, account: AccountOption = ""
) -> None:
    """Keep a policy that users and roles of the account can be given."""
    with administering(DataFolder.resolve(data_dir), "principals add-policy") as found:
        row = found.policies.create(account_or_home(found, account), name, text_of(document))
    typer.echo(row.arn)


def update_policy_command(
    name: str, document: DocumentOption, data_dir: DataDir = None, account: AccountOption = ""
) -> None:
    """What the policy says from now on, for everybody who has it."""
    with administering(DataFolder.resolve(data_dir), "principals update-policy") as found:
        found.policies.update(account_or_home(found, account), name, text_of(document))
    typer.echo(f"Policy {name} is changed")


def delete_policy_command(name: str, data_dir: DataDir = None, account: AccountOption = "") -> None:
    """Take a policy away that nobody has."""
    with administering(DataFolder.resolve(data_dir), "principals delete-policy") as found:
        found.policies.delete(account_or_home(found, account), name)
    typer.echo(f"Policy {name} is deleted")


def attach_policy_command(
    policy: PolicyArgument,
    user: UserOption = "",
    role: RoleOption = "",
    data_dir: DataDir = None,
    account: AccountOption = "",
) -> None:
    """Give a user or role a policy."""
    with _changing("attach-policy", user, role, data_dir, account) as (identities, owner):
        identities.attach(*owner, policy_arn(owner.account, policy))
    typer.echo(f"{owner.kind} {owner.name} has {policy}")


def detach_policy_command(
    policy: PolicyArgument,
    user: UserOption = "",
    role: RoleOption = "",
    data_dir: DataDir = None,
    account: AccountOption = "",
) -> None:
    """Take a policy off a user or role."""
    with _changing("detach-policy", user, role, data_dir, account) as (identities, owner):
        identities.detach(*owner, policy_arn(owner.account, policy))
    typer.echo(f"{owner.kind} {owner.name} has {policy} no more")


def set_boundary_command(
    policy: PolicyArgument,
    user: UserOption = "",
    role: RoleOption = "",
    data_dir: DataDir = None,
    account: AccountOption = "",
) -> None:
    """What the policies of a user or role may allow at most."""
    with _changing("set-boundary", user, role, data_dir, account) as (identities, owner):
        identities.set_boundary(*owner, policy_arn(owner.account, policy))
    typer.echo(f"{owner.kind} {owner.name} may do at most what {policy} allows")


def remove_boundary_command(
    user: UserOption = "", role: RoleOption = "", data_dir: DataDir = None, account: AccountOption = ""
) -> None:
    """Take the boundary off a user or role."""
    with _changing("remove-boundary", user, role, data_dir, account) as (identities, owner):
        identities.set_boundary(*owner, None)
    typer.echo(f"{owner.kind} {owner.name} has no boundary")


class _Owner(NamedTuple):
    account: str
    kind: Kind
    name: str


@contextmanager
def _changing(
    command: str, user: str, role: str, data_dir: Path | None, account: str
) -> Iterator[tuple[IdentityChanges, _Owner]]:
    """The identities of a data folder, and which of them is meant."""
    kind, name = one_of(user, role)
    with administering(DataFolder.resolve(data_dir), f"principals {command}") as found:
        yield found.identities, _Owner(account_or_home(found, account), kind, name)
