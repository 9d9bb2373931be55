"""Signature Version 4 over requests as SDKs sign them: what is the same from call to call is worked out once.

Of most requests only the values of some headers change: the names of their headers, which of them are signed, and so
the form of the canonical request stay. That form is compiled when a request of it has been verified by the rules in
full (`sigv4`), and no sooner: nobody without a secret can fill the memory. Whatever is not plain (repeated headers,
white space to be trimmed, texts beyond ASCII) has no form here and goes the long way.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

from opentrail import limits
from opentrail.wire.canonical import S3_PATH_SERVICES, hmac_hex, key_of, normalized_path, signing_text, sorted_query
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import Signature


class _Form(NamedTuple):
    values: Callable[[dict[str, str]], tuple[str, ...]]  # of the signed headers, in their order
    lines: str  # the canonical headers and the list of them, for those values


_FORMS: dict[tuple[tuple[str, ...], tuple[str, ...]], _Form] = {}


def expected_signature(request: HttpRequest, signature: Signature, secret: str, payload_hash: str) -> str | None:
    """The signature that this request should have, in hex; None where the long way must tell."""
    by_name = request.headers_by_name
    if signature.kind != "header" or len(by_name) != len(request.headers):
        return None
    form = _FORMS.get((tuple(by_name), signature.signed_headers))
    if form is None:
        return None
    values = form.values(by_name)
    together = "".join(values)
    if not (together.isascii() and together.isprintable()) or (" " in together and any(map(_is_spaced, values))):
        return None
    path = request.path if signature.service in S3_PATH_SERVICES else normalized_path(request.path)
    canonical = (
        f"{request.method.upper()}\n{path}\n{sorted_query(request.query)}\n{form.lines % values}\n{payload_hash}"
    )
    return hmac_hex(key_of(signature, secret), signing_text(signature.date, signature.scope, canonical))


def remember_form(request: HttpRequest, signature: Signature) -> None:
    """Compile the form of a request that the long way has found to be signed well."""
    by_name = request.headers_by_name
    if signature.kind != "header" or len(by_name) != len(request.headers):
        return
    signed = sorted(set(signature.signed_headers))
    if len(_FORMS) >= limits.SIGNED_FORMS:
        _FORMS.clear()
    lines = "".join(f"{_literal(name)}:%s\n" for name in signed)
    names = _literal(";".join(signed))
    _FORMS[tuple(by_name), signature.signed_headers] = _Form(_values_of(signed), f"{lines}\n{names}")


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _values_of(names: list[str]) -> Callable[[dict[str, str]], tuple[str, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda by_name: (by_name[names[0]],)


def _is_spaced(value: str) -> bool:
    """Whether the canonical form has other spaces than the value itself."""
    return " " in value and (value[0] == " " or value[-1] == " " or "  " in value)
