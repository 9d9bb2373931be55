"""How far an import is: a bar on a terminal, silence elsewhere."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from opentrail.errors import OpenTrailError
from opentrail.history.import_counts import ImportCounts
from opentrail.objects.port import ObjectStore
from opentrail.server.commands.terminal import visible

NAME_WIDTH = 24
REFRESH_SECONDS = 0.5


class Progress(Protocol):
    """What the import command tells while it works."""

    def say(self, text: str) -> None:
        """One line for the user."""
        ...

    def waiting_for_other(self) -> None:
        """Another import holds the lock."""
        ...

    def expect(self, store: ObjectStore) -> None:
        """These are the files to come."""
        ...

    def file_done(self, counts: ImportCounts, name: str) -> None:
        """A file has been read."""
        ...

    def indexing(self, position: Callable[[], int], goal: int) -> AbstractContextManager[None]:
        """A context in which the history's position moves towards `goal`."""
        ...


class PlainProgress:
    """For pipes and log files: only what needs to be said."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def say(self, text: str) -> None:
        """One line for the user."""
        print(text, file=self._stream, flush=True)

    def waiting_for_other(self) -> None:
        """Another import holds the lock."""
        self.say("Another import is running in this data folder; waiting for it to end.")

    def expect(self, store: ObjectStore) -> None:
        """Nothing: counting them would cost a second listing."""
        del store

    def file_done(self, counts: ImportCounts, name: str) -> None:
        """Nothing: a line a file would drown the rest."""
        del counts, name

    @contextmanager
    def indexing(self, position: Callable[[], int], goal: int) -> Iterator[None]:
        """One line, if there is anything to wait for."""
        behind = goal - position()
        if behind > 0:
            self.say(f"Waiting until the history holds {behind:,} more events.")
        yield


class BarProgress(PlainProgress):
    """For a person at a terminal."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._files = self._bar.add_task("files", total=None)
        self._closed = threading.Event()
        self._bar.start()

    def close(self) -> None:
        """Take the bar off the screen."""
        self._closed.set()
        self._bar.stop()

    def expect(self, store: ObjectStore) -> None:
        """Count them while the first ones are being read; until then the bar has no end."""
        threading.Thread(target=self._count, args=(store,), name="count", daemon=True).start()

    def _count(self, store: ObjectStore) -> None:
        total = 0
        try:
            for _ in store.list():
                total += 1
                if self._closed.is_set():
                    return
        except OpenTrailError:
            return  # the import itself lists the same files and tells what is wrong; a bar without an end is no loss
        self._bar.update(self._files, total=total)

    def say(self, text: str) -> None:
        """One line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)

    def file_done(self, counts: ImportCounts, name: str) -> None:
        """Move the bar."""
        done = counts.files_read + counts.files_before + counts.files_passed_over
        text = f"{counts.records_in:,} records {escape(visible(name[-NAME_WIDTH:]))}"
        self._bar.update(self._files, completed=done, description=text)

    @contextmanager
    def indexing(self, position: Callable[[], int], goal: int) -> Iterator[None]:
        """A second bar, from the history's position to the goal."""
        start = min(position(), goal)
        task = self._bar.add_task("events into the history", total=goal - start)
        stop = threading.Event()

        def follow() -> None:
            while not stop.wait(REFRESH_SECONDS):
                self._bar.update(task, completed=position() - start)

        thread = threading.Thread(target=follow, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self._bar.update(task, completed=goal - start)


@contextmanager
def progress_for(stream: TextIO) -> Iterator[Progress]:
    """A bar where `stream` is a terminal, else plain lines."""
    if not stream.isatty():
        yield PlainProgress(stream)
        return
    bar = BarProgress(stream)
    try:
        yield bar
    finally:
        bar.close()
