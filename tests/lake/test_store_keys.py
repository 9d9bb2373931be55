"""A store whose KMS key cannot be used takes nothing, answers nothing and loses nothing; other stores do not notice."""

import threading

import pytest

from opentrail import limits
from opentrail.catalog.store_keys import StoreKeyAnswers
from opentrail.clock import SettableClock
from opentrail.errors import ClientError, Unavailable
from opentrail.lake.faults import StoreKeyUnusable
from opentrail.lake.store_keys import StoreKeys, StoreKeyWatch
from tests.lake.rig import ACCOUNT, Rig, only
from tests.lake.test_follower import wanted
from tests.segments.made_events import made_entries

KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"


class Kms:
    """Answers as it is told; counts the questions."""

    def __init__(self):
        self.fault = None
        self.asked = []

    def check(self, key, arn, account, region):
        self.asked.append((key, arn, account, region))
        if self.fault is not None:
            raise self.fault
        return key


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path, SettableClock())
    yield made
    made.close()


def test_a_store_waits_for_its_key_and_other_stores_go_on(rig):
    waiting, other = rig.create(1, kms_key_arn=KEY), rig.create(2)
    before, meanwhile, after = (made_entries(200, seed=seed) for seed in range(3))
    rig.append(before)
    rig.commit()
    rig.without_key.add(waiting.store.id)
    reached = rig.follower.position()
    rig.append(meanwhile)
    rig.commit()
    assert rig.snapshot(waiting).rows == len(wanted(before))
    assert rig.snapshot(other).rows == len(wanted(before, meanwhile))
    assert reached <= rig.follower.position() < rig.journal.head(), "the journal must keep what waits"
    assert rig.stores.progress()[other.store.id] == rig.journal.head(), "and the others' way is written down"
    rig.new_follower()  # as after a crash
    rig.append(after)
    rig.commit()
    assert rig.snapshot(waiting).rows == len(wanted(before))
    rig.without_key.clear()
    rig.follower.tick()
    rig.commit()
    for store in (waiting, other):
        assert rig.ids(store) == wanted(before, meanwhile, after)
        assert rig.snapshot(store).rows == len(wanted(before, meanwhile, after))
    assert rig.follower.position() == rig.journal.head()


def test_what_was_read_when_the_key_went_is_not_written(rig):
    store = rig.create(kms_key_arn=KEY)
    entries = made_entries(300)
    rig.append(entries)
    rig.hand_over()
    rig.without_key.add(store.store.id)
    rig.follower.flush()
    assert rig.snapshot(store).rows == 0
    rig.without_key.clear()
    rig.follower.tick()
    rig.follower.flush()
    assert rig.snapshot(store).rows == len(wanted(entries))


def test_events_that_do_not_concern_a_waiting_store_are_not_kept_for_it(rig):
    store = rig.create(1, only("Management", eventName=["NothingHasThisName"]), kms_key_arn=KEY)
    rig.without_key.add(store.store.id)
    rig.append(made_entries(300))
    rig.commit()
    assert rig.follower.position() == rig.journal.head()


def test_the_journal_keeps_events_from_the_first_that_waits(rig):
    store = rig.create(1, only("Management", eventName=["ListUsers"]), kms_key_arn=KEY)
    rig.without_key.add(store.store.id)
    entries = made_entries(300)
    chosen = [index for index, body in enumerate(entries.bodies) if b'"eventName":"ListUsers"' in body]
    rig.append(entries)
    rig.commit()
    first = next(index for index in chosen if entries.event_ids[index] in wanted(entries))
    assert rig.follower.position() == first


def test_the_watch_asks_now_and_then_and_tells_what_changed(rig):
    kms = Kms()
    store = rig.create(kms_key_arn=KEY).store
    plain = rig.create(2).store
    watch = StoreKeyWatch(rig.catalog, kms.check, rig.clock)
    answers = StoreKeyAnswers(rig.catalog)
    assert watch.refuses(store) and not watch.refuses(plain), "nobody has asked yet"
    watch.round()
    watch.round()
    assert kms.asked == [(KEY, store.arn, ACCOUNT, "us-east-1")]
    assert not watch.refuses(store)
    kms.fault = ClientError("is Disabled")
    rig.clock.advance(limits.STORE_KEY_LOOK_SECONDS)
    watch.round()
    assert watch.refuses(store) and not watch.refuses(plain)
    assert answers.all() == {store.id: "is Disabled"} and answers.count_refused() == 1
    assert StoreKeyWatch(rig.catalog, kms.check, rig.clock).refuses(store), "known at the next start"
    kms.fault = Unavailable("no answer")
    rig.clock.advance(limits.STORE_KEY_RETRY_SECONDS)
    watch.round()
    assert watch.refuses(store), "what was said last holds"
    kms.fault = None
    rig.clock.advance(limits.STORE_KEY_RETRY_SECONDS)
    watch.round()
    assert not watch.refuses(store) and answers.count_refused() == 0
    kms.fault = Unavailable("no answer")
    rig.clock.advance(limits.STORE_KEY_LOOK_SECONDS)
    watch.round()
    assert not watch.refuses(store)
    kms.fault = ClientError("is Disabled")
    rig.clock.advance(limits.STORE_KEY_RETRY_SECONDS)
    watch.round()
    assert watch.refuses(store), "whoever did not answer is asked again soon"


def test_the_watch_ends_when_it_is_told(rig):
    kms, stop = Kms(), threading.Event()
    rig.create(kms_key_arn=KEY)
    stop.set()
    StoreKeyWatch(rig.catalog, kms.check, rig.clock).run(stop)
    assert kms.asked == []


def test_a_query_asks_anew_after_some_seconds(rig):
    kms = Kms()
    keys = StoreKeys(kms.check, rig.clock, rig.catalog)
    store = rig.create(kms_key_arn=KEY).store
    keys.require(store)
    keys.require(store)
    keys.require(rig.create(2).store)
    assert len(kms.asked) == 1
    kms.fault = ClientError("is PendingDeletion")
    rig.clock.advance(limits.STORE_KEY_ANSWER_SECONDS)
    with pytest.raises(StoreKeyUnusable, match="is PendingDeletion") as refused:
        keys.require(store)
    assert refused.value.code == "InsufficientEncryptionPolicyException"


def test_where_kms_is_away_a_query_goes_by_what_it_said_last(rig):
    kms = Kms()
    keys = StoreKeys(kms.check, rig.clock, rig.catalog)
    store = rig.create(kms_key_arn=KEY).store
    kms.fault = Unavailable("no answer")
    with pytest.raises(Unavailable):
        keys.require(store)
    StoreKeyAnswers(rig.catalog).replace({store.id: "is Disabled"})
    with pytest.raises(StoreKeyUnusable):
        keys.require(store)
    StoreKeyAnswers(rig.catalog).replace({store.id: None})
    rig.clock.advance(limits.STORE_KEY_ANSWER_SECONDS)
    keys.require(store)
