"""TLS contexts: the server's own certificate, and whose certificates of upstreams are believed."""

import ssl

from opentrail.errors import OpenTrailError


class BadCertificate(OpenTrailError):
    """A certificate, key or list of authorities cannot be used."""


def server_context(certificate_file: str, key_file: str) -> ssl.SSLContext:
    """For listening, TLS 1.2 and newer. The files are PEM; the certificate's may hold its chain.

    Raises BadCertificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate_file, key_file)
    except OSError as failure:
        raise BadCertificate(f"TLS certificate {certificate_file} with key {key_file}: {failure}") from failure
    return context


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
