"""`opentrail digest-keys`: the keys that sign digests, listed or replaced."""

import base64
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opentrail.accounts.folder_keys import open_folder_keys
from opentrail.catalog.database import open_catalog
from opentrail.clock import SystemClock
from opentrail.errors import OpenTrailError
from opentrail.logfile.public_keys import PublicKey
from opentrail.record.times import format_event_time
from opentrail.server.data_folder import DataFolder
from opentrail.server.settings import Delivery
from opentrail.trails.signing_keys import SigningKeys


class NothingThere(OpenTrailError):
    """The data folder holds no data."""


class NoKeys(OpenTrailError):
    """There are no keys to replace yet: name a Region, or wait for the first digest."""


class Action(StrEnum):
    """What to do with the keys."""

    LIST = "list"
    ROTATE = "rotate"


def digest_keys_command(
    action: Annotated[Action, typer.Argument(help="list: show them; rotate: replace them now")],
    region: Annotated[list[str] | None, typer.Option(help="Only this Region; may be given again.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="The data folder.")] = None,
    rotation_days: Annotated[float, typer.Option(help="How long a new key signs.")] = Delivery().key_rotation_days,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Work on the keys, beside a running server or without one; a new key signs the next digest."""
    folder = DataFolder.resolve(data_dir)
    if not folder.exists():
        raise NothingThere(f"{folder.root} holds no OpenTrail data; name another with --data-dir")
    engine = open_catalog(folder.catalog)
    try:
        keys = SigningKeys(engine, open_folder_keys(folder.secrets).root, SystemClock(), rotation_days)
        wanted = region or keys.regions()
        if action is Action.ROTATE:
            if not wanted:
                raise NoKeys
            shown = list(zip(wanted, keys.rotate(wanted), strict=True))
        else:
            shown = [(name, key) for name in wanted for key in keys.listed(name)]
    finally:
        engine.dispose()
    for name, key in shown:
        typer.echo(_as_json(name, key) if as_json else _as_line(name, key))


def _as_line(region: str, key: PublicKey) -> str:
    valid = f"{format_event_time(key.valid_from_us)} to {format_event_time(key.valid_to_us)}"
    return f"{region:<16} {key.fingerprint} valid {valid}"


def _as_json(region: str, key: PublicKey) -> str:
    return json.dumps(
        {
            "region": region,
            "fingerprint": key.fingerprint,
            "value": base64.b64encode(key.value).decode(),
            "validityStartTime": format_event_time(key.valid_from_us),
            "validityEndTime": format_event_time(key.valid_to_us),
        }
    )
