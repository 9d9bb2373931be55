"""`opentrail master-key`: where the master key of a data folder is kept, and a new one in its place."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opentrail.accounts.administration import Change
from opentrail.accounts.administration.changes import OWN
from opentrail.accounts.key_ring import Custody, EnvironmentCustody, FileCustody, KeyRing
from opentrail.server.administering import NotInitialised, administering
from opentrail.server.commands.master_key_option import (
    NEW_VARIABLE,
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


class Action(StrEnum):
    """What to do with the master key."""

    SHOW = "show"
    ROTATE = "rotate"


def master_key_command(
    action: Annotated[Action, typer.Argument(help="show: where it is kept; rotate: replace it now")],
    data_dir: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    keeper: KeeperOption = None,
    master_key_file: FileOption = None,
    kms_key_id: KmsKeyOption = "",
    kms_endpoint: KmsEndpointOption = "",
    kms_region: KmsRegionOption = "us-east-1",
    new_data_key: Annotated[
        bool, typer.Option("--new-data-key", help="Seal what comes with a new data key, too; no server may run.")
    ] = False,
) -> None:
    """Work on the master key. The secret itself is never shown, but a new one for the environment.

    A running server goes on with the keys that it has opened.
    """
    folder = DataFolder.resolve(data_dir)
    ring = KeyRing.open(folder.secrets)
    if ring is None:
        raise NotInitialised(f"{folder.root} has no key ring: opentrail init makes one")
    if action is Action.SHOW:
        typer.echo(f"{_place(ring.custody, folder)}; {ring.data_keys} data keys")
        return
    custody = ring.custody
    if keeper is not None:
        custody = custody_of(keeper, master_key_file, kms_key_id, kms_endpoint, kms_region)
    master, shown = new_key_for(custody, NEW_VARIABLE)
    with administering(folder, "master-key rotate", ring) as found:
        details = {"keeper": _kind(custody), "newDataKey": new_data_key}
        change = Change(found.accounts.management(), OWN, "RotateMasterKey", details)
        if new_data_key:
            with ServerLock(folder.locks / "server.lock"):
                found.tell(change)
                ring.with_new_data_key().under(folder.secrets, custody, master)
        else:
            found.tell(change)
            ring.under(folder.secrets, custody, master)
    typer.echo(f"The keys of {folder.root} are sealed with a new master key: {_place(custody, folder)}")
    if shown:
        typer.echo("Shown this once, for the environment of every process that opens the folder:")
        typer.echo(f"  {shown}")


def _kind(custody: Custody) -> str:
    if isinstance(custody, FileCustody):
        return Keeper.FILE
    return Keeper.ENVIRONMENT if isinstance(custody, EnvironmentCustody) else Keeper.KMS


def _place(custody: Custody, folder: DataFolder) -> str:
    if isinstance(custody, FileCustody):
        return f"file {custody.place(folder.secrets)}"
    if isinstance(custody, EnvironmentCustody):
        return f"environment variable {custody.variable}"
    return f"KMS key {custody.key_id} at {custody.endpoint or 'AWS'}, {custody.region}"
