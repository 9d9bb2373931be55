"""`opentrail init`: makes a data folder with principals of its own, whose secrets and events are sealed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from opentrail.accounts import master_key
from opentrail.accounts.administration import Change
from opentrail.accounts.administration.changes import OWN
from opentrail.accounts.key_ring import Custody, FileCustody, KeyRing
from opentrail.errors import ClientError
from opentrail.server.administering import administering, home_account
from opentrail.server.commands.master_key_option import (
    FileOption,
    Keeper,
    KeeperOption,
    KmsEndpointOption,
    KmsKeyOption,
    KmsRegionOption,
    custody_of,
    new_key_for,
)
from opentrail.server.data_folder import DataFolder
from opentrail.server.data_folder.lock import ServerLock


class AlreadyInitialised(ClientError):
    """The data folder has its management account already."""


def init_command(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything will be kept.")] = None,
    account: Annotated[str, typer.Option(help="Number of the management account; else one by chance.")] = "",
    name: Annotated[str, typer.Option(help="Its name.")] = "management",
    keeper: KeeperOption = None,
    master_key_file: FileOption = None,
    kms_key_id: KmsKeyOption = "",
    kms_endpoint: KmsEndpointOption = "",
    kms_region: KmsRegionOption = "us-east-1",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the data folder, its management account, and the key of that account's root, which is shown once.

    A folder that was used without principals of its own keeps its events and keys; what comes from now on is sealed.
    """
    folder = DataFolder.resolve(data_dir)
    custody = custody_of(keeper or Keeper.FILE, master_key_file, kms_key_id, kms_endpoint, kms_region)
    folder.create()
    with ServerLock(folder.locks / "server.lock"):
        there = home_account(folder)
        if there is not None:
            raise AlreadyInitialised(f"{folder.root} has its management account already: {there}")
        ring, shown = _ring(folder, custody)
        with administering(folder, "init", ring) as found:
            made = found.accounts.make_management(name, account)
            found.tell(Change(made.id, OWN, "InitializeDataFolder", {"accountId": made.id}))
            key = found.keys.create(made.id, None)
    if as_json:
        told = {"dataDir": str(folder.root), "account": made.id, "accessKeyId": key.access_key_id}
        more = {"masterKey": shown} if shown else {}
        typer.echo(json.dumps({**told, "secretAccessKey": key.secret, **more}))
        return
    typer.echo(f"Data folder         {folder.root}")
    typer.echo(f"Management account  {made.id} ({made.name})")
    typer.echo("The key of its root, shown this once:")
    typer.echo(f"  AWS_ACCESS_KEY_ID={key.access_key_id}")
    typer.echo(f"  AWS_SECRET_ACCESS_KEY={key.secret}")
    if shown:
        typer.echo("The master key, shown this once, for the environment of every process that opens the folder:")
        typer.echo(f"  {shown}")
    typer.echo("Make users for everyday work: opentrail principals add-user NAME --policy AWSCloudTrail_ReadOnlyAccess")


def _ring(folder: DataFolder, custody: Custody) -> tuple[KeyRing, str]:
    """The key ring, that of an attempt that was cut off or a new one, and what is to be told of its master key."""
    made = KeyRing.open(folder.secrets)
    if made is not None:
        return made, ""
    before = folder.secrets / master_key.FILE_NAME
    by_hand = isinstance(custody, FileCustody) and custody.path and custody.place(folder.secrets).exists()
    if by_hand and isinstance(custody, FileCustody):
        master, shown = master_key.from_file(custody.place(folder.secrets)), ""
    else:
        master, shown = new_key_for(custody, master_key.VARIABLE)
    root = master_key.from_file(before) if before.exists() else None
    return KeyRing.make(folder.secrets, custody, master, root), shown
