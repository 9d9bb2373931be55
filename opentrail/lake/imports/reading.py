"""One file of an import: opened, gzip alone, and what failed: this file, or what all files need.

What concerns one object (it is gone, archived, may not be read, cannot be decrypted) fails that file. What concerns all
of them (no connection, throttling, an S3 that is away) is StoreUnavailable, and the import waits and goes on.
"""

from typing import Final

from opentrail.objects.bucket import AccessDenied, Bucket, BucketFault, NoSuchKey, OpenObject
from opentrail.objects.inflating import GZIP_MAGIC
from opentrail.objects.port import ObjectReader, ObjectUnreadable, StoreUnavailable

NOT_GZIP: Final = "UncompressedFile"
NOT_A_LOG_FILE: Final = "InvalidLogFile"
DAMAGED: Final = "DamagedFile"
BAD_RECORDS: Final = "InvalidRecords"

_OF_ONE_OBJECT: Final = frozenset({"InvalidObjectState", "ObjectArchived", "403", "404"})


class FileUnreadable(ObjectUnreadable):
    """This one file cannot be imported. `error_type`: S3's code, or a word of ours."""

    def __init__(self, message: str, error_type: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class Files:
    """The files of a bucket, to be opened. `far`: that takes a network's time."""

    def __init__(self, bucket: Bucket, *, far: bool) -> None:
        self._bucket = bucket
        self._far = far

    @property
    def far(self) -> bool:
        """As the bucket is."""
        return self._far

    def open(self, key: str) -> ObjectReader:
        """The file's bytes as stored. Raises FileUnreadable, StoreUnavailable."""
        try:
            return _Gzip(self._bucket.get(key), key)
        except BucketFault as fault:
            raise fault_of(fault) from fault


class _Gzip:
    """The bytes of one file, which must begin as gzip does."""

    def __init__(self, opened: OpenObject, key: str) -> None:
        self._opened = opened
        self._key = key
        self._begun = False

    def read(self, amount: int, /) -> bytes:
        """At most `amount` bytes. Raises FileUnreadable, StoreUnavailable."""
        try:
            data = self._opened.read(amount)
            if self._begun:
                return data
            while 0 < len(data) < len(GZIP_MAGIC):
                more = self._opened.read(len(GZIP_MAGIC))
                if not more:
                    break
                data += more
        except BucketFault as fault:
            raise fault_of(fault) from fault
        if not data.startswith(GZIP_MAGIC):
            raise FileUnreadable("The file is not compressed with gzip.", NOT_GZIP)
        self._begun = True
        return data

    def close(self) -> None:
        """Let go of the connection."""
        self._opened.close()


def fault_of(fault: BucketFault) -> FileUnreadable | StoreUnavailable:
    """What a fault of the bucket means while a file is opened or read."""
    code = fault.s3_code or ""
    one = isinstance(fault, NoSuchKey | AccessDenied) or code in _OF_ONE_OBJECT or code.startswith("KMS.")
    return FileUnreadable(fault.message, code or "AccessDenied") if one else StoreUnavailable(fault.message)
