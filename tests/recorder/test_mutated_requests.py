"""At the recorder's door: what clients send reaches the upstream, what somebody changed on the way does not."""

import http.client
import random
from datetime import UTC, datetime, timedelta

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import iam_user
from opentrail.clock import MICROSECONDS, SettableClock
from opentrail.wire.http import HttpRequest
from opentrail.wire.sigv4 import parse_date, read_signature
from tests.recorder.rig import ACCOUNT, Arrived, RecorderServer, ScriptedUpstream
from tests.wire.mutations import meaning, mutations
from tests.wire.sent_by_clients import ACCESS_KEY, CLIENTS, SECRET, TEMPORARY_KEY, TOKEN, Sent, sent_by

REFUSED = 1_000  # changed requests, at least
EACH = 8  # changes of one request, of all that fit it


def send(server: RecorderServer, request: HttpRequest, body: bytes) -> int:
    """The status of the answer; 0 where the connection was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    target = f"{request.path}?{request.query}" if request.query else request.path
    lengths = [value for name, value in request.headers if name == "content-length"]
    try:
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            if name not in ("connection", "transfer-encoding", "expect"):
                connection.putheader(name, value.encode("latin-1"))
        if not lengths and (body or request.method != "GET"):
            connection.putheader("content-length", str(len(body)))
        connection.putheader("connection", "close")
        connection.endheaders()
        connection.send(body)
        return connection.getresponse().status
    except (http.client.HTTPException, ConnectionError):
        return 0
    finally:
        connection.close()


class Whole:
    """An upstream's script that counts what arrives whole."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, arrived: Arrived) -> None:
        await arrived.body()
        chunked = (arrived.header("transfer-encoding") or "").lower() == "chunked"
        if chunked or arrived.taken == int(arrived.header("content-length") or 0):
            self.count += 1
            await arrived.answer(200)


def set_to(clock: SettableClock, time: datetime) -> None:
    clock.jump(time.timestamp() - clock.now_us() / MICROSECONDS)


def recordings() -> list[Sent]:
    return [sent for client in CLIENTS for sent in sent_by(client)]


def learn_keys(server: RecorderServer) -> None:
    dana = iam_user(ACCOUNT, "dana", "AIDAEXAMPLEUSER00002")
    server.access_keys.learn(AccessKey(ACCESS_KEY, SECRET, dana))
    server.access_keys.learn(AccessKey(TEMPORARY_KEY, SECRET, dana, session_token=TOKEN))


def test_what_clients_send_goes_on_and_what_is_changed_does_not(start, upstream: ScriptedUpstream) -> None:
    clock = SettableClock()
    server = start(clock=clock)
    learn_keys(server)
    upstream.script = whole = Whole()
    chance = random.Random(5)
    refused = harmless = 0
    for sent in recordings():
        set_to(clock, sent.at)
        before = whole.count
        assert send(server, sent.request, sent.body) == 200, sent.request
        assert whole.count == before + 1
        signature = read_signature(sent.request)
        if signature is None or signature.is_version_2:
            continue
        changes = list(mutations(sent.request, sent.body, chance))
        for changed in chance.sample(changes, EACH):
            before = whole.count
            status = send(server, changed.request, changed.body)
            if whole.count == before:
                assert status == 0 or 400 <= status < 500, f"{changed.what}: {status} {changed.request}"
                refused += 1
                continue
            assert meaning(changed.request, changed.body, signature) == meaning(sent.request, sent.body, signature), (
                f"{changed.what}: {changed.request}"
            )
            harmless += 1
    assert refused > REFUSED, f"{refused} refused, {harmless} harmless"


def test_old_and_early_requests_are_refused_to_the_second(start, upstream: ScriptedUpstream) -> None:
    clock = SettableClock()
    server = start(clock=clock)
    learn_keys(server)
    upstream.script = whole = Whole()
    for sent in recordings()[::9]:
        signature = read_signature(sent.request)
        if signature is None or signature.kind not in ("header", "query"):
            continue
        skew = 900 if signature.service == "s3" else 300
        after = skew if signature.expires is None else signature.expires
        signed_at = parse_date(signature.date).replace(tzinfo=UTC)
        for seconds, arrives in ((-skew, True), (-skew - 1, False), (after, True), (after + 1, False)):
            set_to(clock, signed_at + timedelta(seconds=seconds))
            before = whole.count
            status = send(server, sent.request, sent.body)
            assert (whole.count - before, status == 200) == (arrives, arrives), (seconds, sent.request)
