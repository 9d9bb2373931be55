"""The certificate of both ports: taken from its files again when they change or SIGHUP asks, without a restart.

Connections that stand keep what they began with; handshakes from then on get the new one. Files that do not fit
together, or cannot be read, leave the old certificate in force and are told in the log: they may be half written.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from opentrail import limits
from opentrail.recorder.proxy.tls import BadCertificate, TlsVersion, load_certificate, server_context
from opentrail.telemetry import TLS_EXPIRES, logger

log = logger("server")

_Stamp = Sequence[tuple[int, int, int]]  # of both files: inode, size, time of the last change


class Certificate:
    """One certificate and the context that serves it. Raises BadCertificate where it cannot be served."""

    def __init__(self, certificate_file: str, key_file: str, minimum: TlsVersion = "1.2") -> None:
        self._files = (certificate_file, key_file)
        self._stamp = self._look()
        self._asked = asyncio.Event()
        self.context: ssl.SSLContext = server_context(certificate_file, key_file, minimum)
        self._tell()

    def ask(self) -> None:
        """Read the files again soon, whether they look changed or not."""
        self._asked.set()

    async def watch(self) -> None:
        """Follow the files until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), limits.CERTIFICATE_LOOK_SECONDS)
            asked = self._asked.is_set()
            self._asked.clear()
            self.renew(whatever=asked)

    def renew(self, *, whatever: bool = False) -> bool:
        """Read the files again if they have changed, or in any case; whether a certificate was taken over."""
        stamp = self._look()
        if stamp == self._stamp and not whatever:
            return False
        self._stamp = stamp
        try:
            load_certificate(self.context, *self._files)
        except BadCertificate as refused:
            log.error("certificate not renewed", action="certificate-refused", error=refused.message)
            return False
        self._tell()
        return True

    def _look(self) -> _Stamp:
        return [_stamp_of(Path(name)) for name in self._files]

    def _tell(self) -> None:
        """Until when it is good, in metric and log."""
        served = x509.load_pem_x509_certificate(Path(self._files[0]).read_bytes())
        TLS_EXPIRES.set(served.not_valid_after_utc.timestamp())
        until = served.not_valid_after_utc.isoformat()
        log.info("certificate served", action="certificate-served", serial=f"{served.serial_number:x}", until=until)


def _stamp_of(path: Path) -> tuple[int, int, int]:
    """Zeros of a file that is not there: it is being replaced."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
