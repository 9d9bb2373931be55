"""Whether CloudTrail can use the KMS keys of stores: a key that it cannot use stops queries and ingestion of its store.

KMS is asked, with the key's policy, through a callable. Where KMS does not answer, what it said last holds.
"""

import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine

from opentrail import limits, telemetry
from opentrail.catalog.event_data_stores import EventDataStore, EventDataStores
from opentrail.catalog.store_keys import StoreKeyAnswers
from opentrail.clock import Clock
from opentrail.errors import ClientError, OpenTrailError, Unavailable
from opentrail.lake.faults import StoreKeyUnusable

CheckKey = Callable[[str, str, str, str], str]  # key id, ARN, account, Region of the store: the key's ARN

_MOST_REMEMBERED: Final = 10_000
_log = telemetry.logger("lake")


class StoreKeys:
    """Says for queries and imports whether a store's key can be used. Safe from any thread.

    `check` raises AWS's fault where CloudTrail may not use a key, Unavailable where nobody answers.
    """

    def __init__(self, check: CheckKey, clock: Clock, engine: Engine) -> None:
        self._check = check
        self._clock = clock
        self._answers = StoreKeyAnswers(engine)
        self._asked: dict[tuple[str, str], tuple[float, str | None]] = {}  # store and key: when, the fault
        self._lock = threading.Lock()

    def require(self, store: EventDataStore) -> None:
        """Raise StoreKeyUnusable where the key cannot be used, by an answer of limits.STORE_KEY_ANSWER_SECONDS at most.

        Raises Unavailable where KMS does not answer and never has.
        """
        if store.kms_key_arn is None:
            return
        fault = self._fault(store, store.kms_key_arn)
        if fault is not None:
            raise StoreKeyUnusable(f"The KMS key of event data store {store.arn} cannot be used: {fault}")

    def _fault(self, store: EventDataStore, key: str) -> str | None:
        now = self._clock.monotonic()
        with self._lock:
            known = self._asked.get((store.id, key))
        if known is not None and now - known[0] < limits.STORE_KEY_ANSWER_SECONDS:
            return known[1]
        try:
            fault = fault_of(self._check, store, key)
        except Unavailable as away:
            fault = self._last(store, known, away)
        with self._lock:
            if len(self._asked) >= _MOST_REMEMBERED:
                self._asked.clear()
            self._asked[store.id, key] = (now, fault)
        return fault

    def _last(self, store: EventDataStore, known: tuple[float, str | None] | None, away: Unavailable) -> str | None:
        """What KMS said last, to the watch or to this process. Raises `away` where it has said nothing."""
        told = self._answers.all()
        if store.id in told:
            return told[store.id]
        if known is None:
            raise away
        return known[1]


class StoreKeyWatch:
    """Asks about the keys of all stores in a thread of its own, so that no ingestion waits for KMS.

    A store that was never asked about waits. One for a data folder.
    """

    def __init__(self, engine: Engine, check: CheckKey, clock: Clock) -> None:
        self._stores = EventDataStores(engine)
        self._kept = StoreKeyAnswers(engine)
        self._check = check
        self._clock = clock
        self._answers = self._kept.all()
        self._told = dict(self._answers)
        self._due: dict[str, float] = {}  # monotonic seconds

    def refuses(self, store: EventDataStore) -> bool:
        """Whether the store must not take events now. Costs nothing; safe from any thread."""
        return store.kms_key_arn is not None and self._answers.get(store.id, "") is not None

    def run(self, stop: threading.Event) -> None:
        """Ask until `stop` is set."""
        while True:
            try:
                self.round(stop)
            except OpenTrailError as failure:
                _log.error("keys of stores not asked about", action="lake.keys", error=failure.message)
            if stop.wait(limits.STORE_KEY_POLL_SECONDS):
                return

    def round(self, stop: threading.Event | None = None) -> None:
        """Ask about the keys that are due, and keep what has changed."""
        stores = [version.store for version in self._stores.newest() if version.store.kms_key_arn is not None]
        answers = {store.id: self._answers[store.id] for store in stores if store.id in self._answers}
        for store in stores:
            if stop is not None and stop.is_set():
                return
            if self._clock.monotonic() >= self._due.get(store.id, float("-inf")):
                self._ask(store, answers)
                self._answers = dict(answers)  # as a whole: the follower reads it meanwhile
        self._answers = answers
        self._due = {store.id: self._due[store.id] for store in stores}
        if answers != self._told:
            self._kept.replace(answers)
            self._told = dict(answers)

    def _ask(self, store: EventDataStore, answers: dict[str, str | None]) -> None:
        before = answers.get(store.id)
        try:
            answers[store.id] = fault = fault_of(self._check, store, store.kms_key_arn or "")
        except Unavailable as away:
            _log.warning("KMS does not answer", action="lake.keys", store=store.arn, error=away.message)
            self._due[store.id] = self._clock.monotonic() + limits.STORE_KEY_RETRY_SECONDS
            return
        every = limits.STORE_KEY_LOOK_SECONDS if fault is None else limits.STORE_KEY_RETRY_SECONDS
        self._due[store.id] = self._clock.monotonic() + every
        if fault is not None and fault != before:
            _log.error(
                "store waits for its KMS key", action="lake.key-refused", store=store.arn, key=store.kms_key_arn,
                error=fault,
            )  # fmt: skip
        elif fault is None and before is not None:
            _log.info("store goes on", action="lake.key-back", store=store.arn, key=store.kms_key_arn)


def fault_of(check: CheckKey, store: EventDataStore, key: str) -> str | None:
    """Why CloudTrail cannot use the key for the store; None where it can. Raises Unavailable."""
    try:
        check(key, store.arn, store.account, store.region)
    except ClientError as refused:
        return refused.message
    return None
