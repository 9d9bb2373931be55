"""Objects of a store in their order, the small ones of a far store fetched ahead of their turn."""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from opentrail import limits
from opentrail.objects.port import ObjectInfo, ObjectReader, ObjectUnreadable, Openable

Fetched = tuple[ObjectInfo, ObjectReader | ObjectUnreadable]


def fetched(store: Openable, infos: Iterable[ObjectInfo]) -> Iterator[Fetched]:
    """Each object of `infos` opened, or the reason why it cannot be; the caller closes the readers.

    Of a store that is far away, up to limits.IMPORT_PREFETCH_FILES objects are being fetched while the caller works,
    each at most limits.IMPORT_PREFETCH_BYTES. Raises StoreUnavailable.
    """
    if not store.far:
        for info in infos:
            yield info, _open(store, info)
        return
    waiting: deque[tuple[ObjectInfo, Future[ObjectReader | ObjectUnreadable] | None]] = deque()
    with ThreadPoolExecutor(limits.IMPORT_PREFETCH_FILES, "fetch") as threads:
        try:
            for info in infos:
                small = info.size <= limits.IMPORT_PREFETCH_BYTES
                waiting.append((info, threads.submit(_fetch, store, info) if small else None))
                if len(waiting) >= limits.IMPORT_PREFETCH_FILES:
                    yield _next(store, waiting)
            while waiting:
                yield _next(store, waiting)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _next(
    store: Openable, waiting: deque[tuple[ObjectInfo, Future[ObjectReader | ObjectUnreadable] | None]]
) -> Fetched:
    info, future = waiting.popleft()
    return info, _open(store, info) if future is None else future.result()


def _open(store: Openable, info: ObjectInfo) -> ObjectReader | ObjectUnreadable:
    if info.fault is not None:
        return ObjectUnreadable(info.fault)
    try:
        return store.open(info.key)
    except ObjectUnreadable as error:
        return error


def _fetch(store: Openable, info: ObjectInfo) -> ObjectReader | ObjectUnreadable:
    """The whole object in memory; one that has grown since it was listed is read no further than the limit."""
    reader = _open(store, info)
    if isinstance(reader, ObjectUnreadable):
        return reader
    data = bytearray()
    try:
        while len(data) <= limits.IMPORT_PREFETCH_BYTES:
            block = reader.read(limits.IMPORT_PREFETCH_BYTES)
            if not block:
                return io.BytesIO(bytes(data))
            data += block
    except ObjectUnreadable as error:
        return error
    finally:
        with suppress(OSError):
            reader.close()
    return _open(store, info)
