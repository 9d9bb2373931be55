"""Reports over TLS."""

import logging
import uuid
from collections.abc import Iterator

import pytest

from opentrail.recorder.client_side.destinations import Sent, ServerDestination
from opentrail.recorder.client_side.reported import ReportedBatch
from opentrail.recorder.proxy.tls import server_context
from tests.recorder.proxy.rig import Proxy, answering, proxy
from tests.recorder.proxy.test_tls import certificate

__all__ = ["certificate"]


@pytest.fixture
def door(certificate: tuple[str, str]) -> Iterator[Proxy]:
    with proxy(handle=answering(200, b"{}"), tls=server_context(*certificate)) as running:
        yield running


def test_a_server_whose_authority_is_named_is_reported_to(door: Proxy, certificate: tuple[str, str]) -> None:
    destination = ServerDestination(f"https://127.0.0.1:{door.port}", "AKIA", "secret", certificate[0])
    assert destination.send(_batch()) is Sent.KEPT
    destination.close()


def test_a_server_that_nobody_vouches_for_gets_no_report_and_the_log_says_so(
    door: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    destination = ServerDestination(f"https://127.0.0.1:{door.port}", "AKIA", "secret")
    with caplog.at_level(logging.WARNING, "opentrail.client"):
        assert destination.send(_batch()) is Sent.LATER
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
    destination.close()


def _batch() -> ReportedBatch:
    return ReportedBatch(str(uuid.uuid4()), [])
