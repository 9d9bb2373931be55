"""The log must never be what breaks its writer."""

import errno
import sys

import pytest

from opentrail import telemetry


class FullStream:
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_on_a_full_disk_loses_lines_counted_and_raises_nothing(monkeypatch: pytest.MonkeyPatch):
    before = telemetry.LOG_LINES_LOST._value.get()
    monkeypatch.setattr(sys, "stderr", FullStream())
    telemetry.logger("test").error("something-failed", action="test")
    assert telemetry.LOG_LINES_LOST._value.get() > before
