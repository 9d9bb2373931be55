"""The principals of a data folder, opened to be changed; every change is an event before it is one.

Who changes them on the command line is nobody that signatures know: the event's `userIdentity` is `Unknown`, with the
user of the operating system and the machine for its name, and `additionalEventData` says `recordedBy` `command-line`.
What IAM and Organizations do is told as their events; what none of AWS's services does has the source
`opentrail.local`.
"""

import getpass
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from opentrail import __version__
from opentrail.accounts.administration import (
    AccountChanges,
    Change,
    Changes,
    IdentityChanges,
    KeyChanges,
    PolicyChanges,
)
from opentrail.accounts.administration.changes import OWN
from opentrail.accounts.key_ring import KeyRing
from opentrail.accounts.own_keys import OwnKeys
from opentrail.catalog.database import FILE_NAME, READING, open_catalog
from opentrail.catalog.principals import management_account
from opentrail.clock import MICROSECONDS, Clock, SystemClock
from opentrail.errors import ClientError
from opentrail.intake import Intake
from opentrail.journal import Journal
from opentrail.recorder.shapes.times import java_time
from opentrail.server.data_folder import DataFolder

_TIMES: Final = frozenset({"createDate"})
_NOBODY_YET: Final = "000000000000"  # whose events a journal's own are before there is an account
REGION: Final = "us-east-1"  # of IAM's and Organizations' events


class NotInitialised(ClientError):
    """The data folder has no principals of its own: `opentrail init` makes it one."""


@dataclass(frozen=True, slots=True)
class Administering:
    """What can be changed."""

    accounts: AccountChanges
    identities: IdentityChanges
    policies: PolicyChanges
    keys: KeyChanges
    tell: "Teller"


class Teller:
    """Makes events of changes; `command`: what the caller ran, for their user agent."""

    def __init__(self, intake: Intake, command: str) -> None:
        self._intake = intake
        self._command = command

    def __call__(self, change: Change) -> None:
        """The event is on disk on return. Raises what the journal raises."""
        self._intake.live(_event(change, self._command)).result()


@contextmanager
def administering(
    folder: DataFolder, command: str, ring: KeyRing | None = None, clock: Clock | None = None
) -> Iterator[Administering]:
    """Open a folder that `opentrail init` has made, beside a running server or without one; `ring`: if it is open.

    Raises NotInitialised, and what `KeyRing.open` raises.
    """
    clock = clock if clock is not None else SystemClock()
    ring = ring if ring is not None else KeyRing.open(folder.secrets)
    if ring is None:
        raise NotInitialised(f"{folder.root} has no principals of its own: opentrail init makes it such a folder")
    folder.create()
    engine = open_catalog(folder.catalog)
    try:
        with Journal.open(folder.journal, clock, sealer=ring.sealer) as journal:
            intake = Intake(journal, clock, home_account=home_account(folder) or _NOBODY_YET)
            try:
                tell = Teller(intake, command)
                changes, keys = Changes(engine, clock, tell), OwnKeys(ring.root, clock)
                yield Administering(
                    AccountChanges(changes),
                    IdentityChanges(changes, keys),
                    PolicyChanges(changes),
                    KeyChanges(changes, keys),
                    tell,
                )
            finally:
                intake.close()
    finally:
        engine.dispose()


def home_account(folder: DataFolder) -> str | None:
    """The management account of a folder; None where `opentrail init` did not make it. Makes nothing."""
    if not Path(folder.catalog / FILE_NAME).exists():
        return None
    engine = open_catalog(folder.catalog)
    try:
        with engine.connect().execution_options(**READING) as connection:
            return management_account(connection)
    finally:
        engine.dispose()


def _event(change: Change, command: str) -> dict[str, Any]:
    own = change.source == OWN
    parameters = _shown(change.parameters)
    fields: dict[str, Any] = {
        "userIdentity": {"type": "Unknown", "principalId": "", "userName": f"{_user()}@{socket.gethostname()}"},
        "eventSource": change.source,
        "eventName": change.name,
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": f"opentrail/{__version__} {command}",
        "requestParameters": None if own else parameters or None,
        "responseElements": _shown(change.elements) if change.elements is not None else None,
        "additionalEventData": {"recordedBy": "command-line"},
        "requestID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsServiceEvent" if own else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": change.account,
        "eventCategory": "Management",
    }
    if own:
        fields["serviceEventDetails"] = parameters
    return fields


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have them
        return "unnamed"


def _shown(value: Any, name: str = "") -> Any:
    """Values as records have them: times as IAM writes them."""
    if isinstance(value, dict):
        return {key: _shown(part, key) for key, part in value.items()}
    return java_time(value / MICROSECONDS) if name in _TIMES and isinstance(value, int) else value
