"""Keeps the organization as the upstream's Organizations API tells it, and what depends on it in step."""

import threading
from collections.abc import Callable

from opentrail.accounts.organization import Organization
from opentrail.accounts.organizations import Organizations
from opentrail.clock import Clock
from opentrail.errors import OpenTrailError
from opentrail.recorder.look_ups import UpstreamLookUps
from opentrail.recorder.look_ups.organization import NotTold, told_organization
from opentrail.telemetry import logger

log = logger("server")

LOOK_SECONDS = 1.0  # between two looks whether another process has seen the organization change

Follow = Callable[[Organization | None], object]


class OrganizationWatch:
    """Asks for the organization of `account`. `forgets`: an upstream in memory, which after its restart knows none."""

    def __init__(
        self,
        look_ups: UpstreamLookUps,
        account: str,
        organizations: Organizations,
        clock: Clock,
        refresh_seconds: float,
        *,
        forgets: bool = False,
    ) -> None:
        self._look_ups = look_ups
        self._account = account
        self._organizations = organizations
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._forgets = forgets
        self._followers: list[Follow] = []
        self._followed = organizations.now()
        self._refreshing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def follow_with(self, follow: Follow) -> None:
        """Have `follow` called with the organization whenever it is another one."""
        self._followers.append(follow)

    def changed(self) -> None:
        """A call has changed the organization: when this returns, everybody here knows."""
        self._refresh(believed=True)

    def start(self) -> None:
        """Ask now and then, in a thread, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="organization", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(LOOK_SECONDS + 1.0)

    def _run(self) -> None:
        due = self._clock.monotonic()
        while not self._stop.is_set():
            if self._clock.monotonic() >= due:
                self._refresh(believed=not self._forgets)
                due = self._clock.monotonic() + self._refresh_seconds
            with self._refreshing:
                self._follow()
            self._stop.wait(min(LOOK_SECONDS, self._refresh_seconds))

    def _refresh(self, *, believed: bool) -> None:
        """`believed`: also that there is none any more."""
        with self._refreshing:
            try:
                told = told_organization(self._look_ups, self._account)
            except NotTold:
                return
            if told is not None or believed:
                self._organizations.take(told)
            self._follow()

    def _follow(self) -> None:
        now = self._organizations.now()
        if now == self._followed:
            return
        try:
            for follow in self._followers:
                follow(now)
        except OpenTrailError as failure:
            log.warning("organization not followed", action="organization", error=failure.message)
            return  # tried again at the next look
        self._followed = now
