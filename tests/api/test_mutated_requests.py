"""At the API's door: what clients send is answered, what somebody changed on the way is refused, every bit of it."""

import random
from datetime import datetime

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import iam_user
from opentrail.clock import MICROSECONDS
from opentrail.wire.sigv4 import read_signature
from tests.api.conftest import ACCOUNT, Server
from tests.wire.boto_requests import Sent
from tests.wire.mutations import meaning, mutations
from tests.wire.sent_by_clients import CLIENTS, SECRET, TEMPORARY_KEY, TOKEN, sent_by

ROUNDS = 4  # of all changes, each at other places
REFUSED = 1_000


def learn_keys(server: Server) -> None:
    dana = iam_user(ACCOUNT, "dana", "AIDAEXAMPLEUSER00002")
    server.keys.learn(AccessKey(TEMPORARY_KEY, SECRET, dana, session_token=TOKEN))


def set_to(server: Server, time: datetime) -> None:
    server.clock.jump(time.timestamp() - server.clock.now_us() / MICROSECONDS)


def test_what_clients_send_is_answered_and_what_is_changed_is_not(server: Server) -> None:
    learn_keys(server)
    chance = random.Random(7)
    refused = harmless = 0
    for sent in [one for client in CLIENTS for one in sent_by(client)]:
        signature = read_signature(sent.request)
        if signature is None or signature.service not in ("cloudtrail", "cloudtrail-data"):
            continue
        set_to(server, sent.at)
        told = server.send(Sent("", sent.request, sent.body))
        assert told.status == 200 or b"UnsupportedOperation" in told.body + repr(told.headers).encode(), told
        for _ in range(ROUNDS):
            for changed in mutations(sent.request, sent.body, chance):
                told = server.send(Sent("", changed.request, changed.body))
                assert told.status < 500, changed
                if told.status >= 400 and b"UnsupportedOperation" not in told.body:
                    refused += 1
                    continue
                same = meaning(sent.request, sent.body, signature)
                assert meaning(changed.request, changed.body, signature) == same, f"{changed.what}: {changed.request}"
                harmless += 1
    assert refused > REFUSED, f"{refused} refused, {harmless} harmless"
