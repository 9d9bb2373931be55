"""TLS contexts: the server's own certificate, and whose certificates of upstreams are believed."""

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from opentrail.errors import OpenTrailError

TlsVersion = Literal["1.2", "1.3"]
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
# Of TLS 1.2 only what TLS 1.3 has kept: forward secrecy and authenticated encryption.
_CIPHERS_1_2: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


class BadCertificate(OpenTrailError):
    """A certificate, key or list of authorities cannot be used."""


def server_context(certificate_file: str, key_file: str, minimum: TlsVersion = "1.2") -> ssl.SSLContext:
    """For listening, TLS of version `minimum` and newer. The files are PEM; the certificate's may hold its chain.

    Raises BadCertificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[minimum]
    context.set_ciphers(_CIPHERS_1_2)
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, certificate_file, key_file)
    return context


def load_certificate(context: ssl.SSLContext, certificate_file: str, key_file: str) -> None:
    """Let `context` show this certificate from its next handshake on; what fits not together changes nothing.

    Raises BadCertificate.
    """
    try:
        texts = [Path(name).read_bytes() for name in (certificate_file, key_file)]
        with _snapshot(texts[0]) as certificate, _snapshot(texts[1]) as key:  # another may be writing these files
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
            context.load_cert_chain(certificate, key)
    except OSError as failure:
        raise BadCertificate(f"TLS certificate {certificate_file} with key {key_file}: {failure}") from failure


def upstream_context(ca_file: str) -> ssl.SSLContext:
    """For connecting: names and chains are checked, against the system's authorities or those of `ca_file` (PEM).

    Raises BadCertificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as failure:
        raise BadCertificate(f"TLS authorities {ca_file}: {failure}") from failure
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextlib.contextmanager
def _snapshot(text: bytes) -> Iterator[str]:
    """A file without name that holds `text`: OpenSSL reads certificates and keys from files alone."""
    descriptor = os.memfd_create("opentrail-tls", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
