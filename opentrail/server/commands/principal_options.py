"""What the commands of `opentrail principals` share: options, how a key is shown, how a policy's file is read."""

import json
from pathlib import Path
from typing import Annotated

import typer

from opentrail.accounts.access_keys import AccessKey
from opentrail.catalog.principals import Kind
from opentrail.errors import ClientError
from opentrail.server.administering import Administering

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="The data folder.")]
AccountOption = Annotated[str, typer.Option("--account", help="Number of the account; else the management account.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
UserOption = Annotated[str, typer.Option("--user", help="A user's name.")]
RoleOption = Annotated[str, typer.Option("--role", help="A role's name.")]


class NeitherOrBoth(ClientError):
    """Name a user or a role, one of both."""


class FileUnreadable(ClientError):
    """The file cannot be read."""


def account_or_home(found: Administering, account: str) -> str:
    """The account asked for, or the management account."""
    return account or found.accounts.management()


def one_of(user: str, role: str) -> tuple[Kind, str]:
    """Which of both was named. Raises NeitherOrBoth."""
    if bool(user) == bool(role):
        raise NeitherOrBoth
    return ("user", user) if user else ("role", role)


def text_of(file: Path) -> str:
    """The policy in a file. Raises FileUnreadable."""
    try:
        return file.read_text("utf-8")
    except OSError as failure:
        raise FileUnreadable(f"cannot read {file}: {failure.strerror}") from failure
    except UnicodeDecodeError as failure:
        raise FileUnreadable(f"{file} is not UTF-8") from failure


def show_key(key: AccessKey, as_json: bool, heading: str, **more: str) -> None:
    """Print a new key, the only time that its secret is shown."""
    if as_json:
        typer.echo(json.dumps({**more, "accessKeyId": key.access_key_id, "secretAccessKey": key.secret}))
        return
    typer.echo(heading)
    typer.echo(f"  AWS_ACCESS_KEY_ID={key.access_key_id}")
    typer.echo(f"  AWS_SECRET_ACCESS_KEY={key.secret}")
