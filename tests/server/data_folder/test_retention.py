"""The history is not shortened by a settings file alone."""

import pytest

from opentrail.server.data_folder.retention import RetentionShortened, keep_retention, shortened_event


def test_a_shorter_retention_must_be_meant(tmp_path):
    assert keep_retention(tmp_path, 365, may_shorten=False) is None
    with pytest.raises(RetentionShortened, match=r"is 90, and was 365.*--allow-shorter-retention"):
        keep_retention(tmp_path, 90, may_shorten=False)
    assert keep_retention(tmp_path, 365, may_shorten=False) is None, "the refused start changed what is kept"
    assert keep_retention(tmp_path, 90, may_shorten=True) == 365
    assert keep_retention(tmp_path, 90, may_shorten=False) is None


def test_a_longer_one_needs_nothing(tmp_path):
    for days in (90, 91, 4000):
        assert keep_retention(tmp_path, days, may_shorten=False) is None
    with pytest.raises(RetentionShortened):
        keep_retention(tmp_path, 3999, may_shorten=False)


def test_a_damaged_note_stops_the_start(tmp_path):
    (tmp_path / "retention.json").write_text("{")
    with pytest.raises(RetentionShortened, match="cannot be read"):
        keep_retention(tmp_path, 90, may_shorten=False)


def test_the_event_names_both():
    details = shortened_event(365, 90, "123456789012", "us-east-1")["serviceEventDetails"]
    assert details == {"retentionDaysBefore": 365, "retentionDays": 90}
