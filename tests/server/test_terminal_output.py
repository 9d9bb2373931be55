"""What people see, and the times that they type."""

import contextlib
import io
import os
import pty
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opentrail.clock import SettableClock
from opentrail.history.import_counts import ImportCounts
from opentrail.objects.directory import DirectoryStore
from opentrail.server.commands.event_output import write_csv, write_json
from opentrail.server.commands.import_progress import progress_for
from opentrail.server.commands.terminal import visible
from opentrail.server.commands.time_option import BadTime, parse_time


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 한국어", "plain ünïcode 한국어"),
        ("\x1b[31mred\x9b0m", "\\x1b[31mred\\x9b0m"),
        ("line\nend\r\ttab\x00", "line\\x0aend\\x0d\\x09tab\\x00"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\ud800", "\\ud800"),
        ("\U000e0041tag", "\\U000e0041tag"),
    ],
)
def test_nothing_reaches_a_terminal_that_it_could_act_upon(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(text).isprintable()


def test_long_cells_are_cut_after_escaping() -> None:
    assert visible("\x1b" * 20, 10) == "\\x1b\\x1b\\…"


@pytest.mark.parametrize(
    ("text", "end_of_day", "moment"),
    [
        ("2h", False, datetime(2026, 3, 4, 8, 15, 31, tzinfo=UTC)),
        ("7D", False, datetime(2026, 2, 25, 10, 15, 31, tzinfo=UTC)),
        (" 90 s ", True, datetime(2026, 3, 4, 10, 14, 1, tzinfo=UTC)),
        ("2026-03-04", False, datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03-04", True, datetime(2026, 3, 4, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2026-03-04T10:15:31Z", True, datetime(2026, 3, 4, 10, 15, 31, tzinfo=UTC)),
        ("2026-03-04T10:15:31.25+02:00", False, datetime(2026, 3, 4, 8, 15, 31, 250_000, tzinfo=UTC)),
        ("2026-03-04 10:15", False, datetime(2026, 3, 4, 10, 15, tzinfo=UTC)),
        ("1965-01-01", False, datetime(1965, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_as_people_type_them(text: str, end_of_day: bool, moment: datetime) -> None:
    assert parse_time(text, SettableClock(), end_of_day=end_of_day) == int(moment.timestamp() * 1_000_000)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "5y", "-2h", "2026-03-04T25:00:00Z", "9" * 40 + "h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="is no time"):
        parse_time(text, SettableClock())


def test_an_empty_listing_is_an_empty_download() -> None:
    out = io.BytesIO()
    assert write_json([], out) == 0
    assert write_csv([], out, spreadsheet_safe=False) == 0
    assert out.getvalue().startswith(b"User name,AWS access key,")
    assert out.getvalue().endswith(b"Recipient Account Id,Event category")


def test_cells_with_line_ends_quotes_and_surrogates_are_csv_all_the_same() -> None:
    raw = b'{"eventID":"1","eventTime":"2026-03-04T10:15:31Z","userAgent":"a\\r\\n\\"b\\"","errorCode":"\\ud800"}'
    out = io.BytesIO()
    write_csv([raw], out, spreadsheet_safe=True)
    assert b',"a\r\n""b""",' in out.getvalue()
    out.getvalue().decode("utf-8")


def _all_of(terminal: int) -> bytes:
    """What a terminal was sent, once nobody has its other end open: a read may bring a part of it."""
    parts = []
    with contextlib.suppress(OSError):  # EIO is the end
        while part := os.read(terminal, 65536):
            parts.append(part)
    return b"".join(parts)


def test_a_terminal_gets_a_bar_and_a_pipe_only_what_must_be_said(tmp_path: Path) -> None:
    main_end, terminal_end = pty.openpty()
    with os.fdopen(terminal_end, "w") as terminal, progress_for(terminal) as progress:
        progress.expect(DirectoryStore(tmp_path))
        progress.file_done(ImportCounts(records_in=1234, files_read=7), "logs/\x1b[31mevil.json.gz")
        with progress.indexing(lambda: 5, 10):
            progress.say("[red]said[/red]")
    shown = _all_of(main_end).decode()
    os.close(main_end)
    assert "1,234 records logs/\\x1b[31mevil.json.gz" in shown
    assert "[red]said[/red]" in shown
    pipe = io.StringIO()
    with progress_for(pipe) as progress:
        progress.file_done(ImportCounts(files_read=1), "logs/a.json.gz")
        progress.waiting_for_other()
        with progress.indexing(lambda: 10, 10):
            pass
    assert pipe.getvalue() == "Another import is running in this data folder; waiting for it to end.\n"
