"""Signed requests changed by one thing each, and what a request means: what is accepted changed must mean the same."""

import dataclasses
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from opentrail.wire.canonical import S3_PATH_SERVICES, normalized_path
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import UNSIGNED_PAYLOAD, Signature
from opentrail.wire.sigv4 import read_signature

Headers = tuple[tuple[str, str], ...]
Meaning = tuple[object, ...]


@dataclass(frozen=True)
class Mutated:
    """A request with one thing changed."""

    what: str
    request: HttpRequest
    body: bytes


def meaning(request: HttpRequest, body: bytes, signature: Signature) -> Meaning:
    """All that whoever signed has said: two requests with the same meaning ask for the same thing.

    `signature` is that of the request as it was signed: it tells which headers, and whether the body, are covered.
    """
    covered = set(signature.signed_headers)
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        if (name in covered or name.startswith("x-amz-")) and name != "x-amz-user-agent":
            values.setdefault(name, []).append(" ".join(value.split()))
    open_body = signature.is_version_2 or signature.payload_hash == UNSIGNED_PAYLOAD
    return (
        request.method.upper(),
        _place(request.path, signature),
        sorted(pair for pair in parse_qsl(request.query, True, encoding="latin-1") if pair[0] != "X-Amz-Signature"),
        {name: ",".join(found) for name, found in values.items()},
        b"" if open_body else hashlib.sha256(body).digest(),
    )


def _place(path: str, signature: Signature) -> bytes:
    """What a path names: to S3 what it says, to other services what is left when dots and slashes are resolved."""
    if signature.service in S3_PATH_SERVICES:
        return unquote_to_bytes(path.encode("latin-1"))
    return normalized_path(path).encode("latin-1")


def mutations(request: HttpRequest, body: bytes, chance: random.Random) -> Iterator[Mutated]:
    """Every change that fits the request, once each, at places that `chance` chooses."""
    signature = read_signature(request)
    assert signature is not None
    for what, change in CHANGES:
        changed = change(request, body, signature, chance)
        if changed is not None and changed != (request, body):
            yield Mutated(what, *changed)


Change = Callable[[HttpRequest, bytes, Signature, random.Random], tuple[HttpRequest, bytes] | None]


def _flipped(text: str, chance: random.Random) -> str:
    """One bit of one character other, and still something that HTTP can carry."""
    if not text:
        return text
    at = chance.randrange(len(text))
    flips = [chr(ord(text[at]) ^ 1 << bit) for bit in range(7)]
    carried = [flip for flip in flips if "!" <= flip <= "~" and flip not in '#?"']
    return text[:at] + (chance.choice(carried) if carried else "x") + text[at + 1 :]


def _but(request: HttpRequest, **change: object) -> HttpRequest:
    return dataclasses.replace(request, **change)  # type: ignore[arg-type]


def _with(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    """With another value of one header, or without it."""
    kept = tuple(pair if pair[0] != name else (name, value) for pair in request.headers if pair[0] != name or value)
    return _but(request, headers=kept)


def _a_signed_header(request: HttpRequest, signature: Signature, chance: random.Random) -> str | None:
    names = [name for name in signature.signed_headers if name in request.headers_by_name]
    return chance.choice(names) if names else None


def _method(request, body, signature, chance):
    others = [name for name in ("GET", "PUT", "POST", "DELETE", "PATCH") if name != request.method]
    return _but(request, method=chance.choice(others)), body


def _path_bit(request, body, signature, chance):
    return _but(request, path="/" + _flipped(request.path[1:], chance)), body


def _path_with(ending: str) -> Change:
    return lambda request, body, signature, chance: (_but(request, path=request.path + ending), body)


def _path_encoded_again(request, body, signature, chance):
    return _but(request, path=request.path.replace("%", "%25")), body


def _path_encoded_otherwise(request, body, signature, chance):
    letters = [
        at for at, letter in enumerate(request.path) if letter.isalnum() and "%" not in request.path[at - 2 : at]
    ]
    if not letters:
        return None
    at = chance.choice(letters)
    return _but(request, path=f"{request.path[:at]}%{ord(request.path[at]):02X}{request.path[at + 1 :]}"), body


def _path_decoded(request, body, signature, chance):
    decoded = unquote_to_bytes(request.path).decode("latin-1")
    whole = decoded if all("!" <= letter <= "~" and letter not in "?#" for letter in decoded) else request.path
    return _but(request, path=whole), body


def _query_bit(request, body, signature, chance):
    pairs = request.query.split("&") if request.query else []
    if not pairs:
        return None
    at = chance.randrange(len(pairs))
    return _but(request, query="&".join([*pairs[:at], _flipped(pairs[at], chance), *pairs[at + 1 :]])), body


def _query_less(request, body, signature, chance):
    pairs = request.query.split("&") if request.query else []
    if not pairs:
        return None
    pairs.pop(chance.randrange(len(pairs)))
    return _but(request, query="&".join(pairs)), body


def _query_shuffled(request, body, signature, chance):
    pairs = request.query.split("&")
    chance.shuffle(pairs)
    return _but(request, query="&".join(pairs)), body


def _query_twice(request, body, signature, chance):
    pairs = request.query.split("&") if request.query else []
    return (_but(request, query="&".join([*pairs, chance.choice(pairs)])), body) if pairs else None


def _query_encoded_again(request, body, signature, chance):
    return _but(request, query=request.query.replace("%", "%25")), body


def _query_with(more: str) -> Change:
    return lambda request, body, signature, chance: (_but(request, query=f"{request.query}&{more}".lstrip("&")), body)


def _header_bit(request, body, signature, chance):
    name = _a_signed_header(request, signature, chance)
    return (_with(request, name, _flipped(request.header(name), chance)), body) if name else None


def _header_gone(request, body, signature, chance):
    name = _a_signed_header(request, signature, chance)
    return (_with(request, name, None), body) if name and name != "content-length" else None


def _header_again(request, body, signature, chance):
    name = _a_signed_header(request, signature, chance)
    return (_but(request, headers=(*request.headers, (name, request.header(name)))), body) if name else None


def _header_otherwise_again(request, body, signature, chance):
    name = _a_signed_header(request, signature, chance)
    return (_but(request, headers=((name, "another"), *request.headers)), body) if name else None


def _headers_exchanged(request, body, signature, chance):
    names = [name for name in signature.signed_headers if name in request.headers_by_name]
    if len(names) < 2:
        return None
    one, other = chance.sample(names, 2)
    first, second = request.header(one), request.header(other)
    return _with(_with(request, one, second), other, first), body


def _headers_shuffled(request, body, signature, chance):
    headers = list(request.headers)
    chance.shuffle(headers)
    return _but(request, headers=tuple(headers)), body


def _header_wider(request, body, signature, chance):
    name = _a_signed_header(request, signature, chance)
    return (_with(request, name, f"  {request.header(name)}\t"), body) if name else None


def _header_added(name: str, value: str) -> Change:
    return lambda request, body, signature, chance: (_but(request, headers=(*request.headers, (name, value))), body)


def _said(request: HttpRequest, old: str, new: str) -> HttpRequest | None:
    """`old` replaced by `new` where the signature is told, be it the Authorization header or the query."""
    authorization = request.header("authorization")
    if authorization:
        changed = authorization.replace(old, new, 1)
        return _with(request, "authorization", changed) if changed != authorization else None
    changed = request.query.replace(old.replace("/", "%2F").replace(";", "%3B"), new.replace("/", "%2F"), 1)
    return _but(request, query=changed) if changed != request.query else None


def _claimed(old: Callable[[Signature], str], new: Callable[[Signature, random.Random], str]) -> Change:
    def change(request, body, signature, chance):
        changed = _said(request, old(signature), new(signature, chance))
        return (changed, body) if changed is not None else None

    return change


def _other_hex(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice([digit for digit in "0123456789abcdef" if digit != text[at]]) + text[at + 1 :]


def _listed_less(signature: Signature, chance: random.Random) -> str:
    names = [name for name in signature.signed_headers if name != "host"] or ["host"]
    gone = chance.choice(names)
    return ";".join(name for name in signature.signed_headers if name != gone) or "none"


def _date_moved(request, body, signature, chance):
    if "x-amz-date" not in request.headers_by_name:
        return None
    digits = signature.date[:-2] + ("9Z" if signature.date[-2] != "9" else "8Z")
    return _with(request, "x-amz-date", digits), body


def _body_bit(request, body, signature, chance):
    if not body:
        return None
    at = chance.randrange(len(body))
    return request, body[:at] + bytes([body[at] ^ 1 << chance.randrange(8)]) + body[at + 1 :]


def _body_longer(request, body, signature, chance):
    return _sized(request, body, body + b"x")


def _body_shorter(request, body, signature, chance):
    return _sized(request, body, body[:-1]) if body else None


def _body_gone(request, body, signature, chance):
    return _sized(request, body, b"") if body else None


def _sized(request: HttpRequest, before: bytes, after: bytes) -> tuple[HttpRequest, bytes]:
    """With the length that belongs to the body, where one is told."""
    told = request.header("content-length")
    return (_with(request, "content-length", str(int(told) + len(after) - len(before))) if told else request), after


def _token(new: str | None) -> Change:
    def change(request, body, signature, chance):
        if "x-amz-security-token" not in request.headers_by_name:
            return None
        return _with(request, "x-amz-security-token", new), body

    return change


def _token_gone_and_unlisted(request, body, signature, chance):
    bare = _token(None)(request, body, signature, chance)
    if bare is None:
        return None
    authorization = bare[0].header("authorization").replace(";x-amz-security-token", "")
    return _with(bare[0], "authorization", authorization), body


def _hash_replaced(request, body, signature, chance):
    """The declared hash fits the changed body, and the signature does not."""
    if len(signature.payload_hash or "") != 64 or "x-amz-content-sha256" not in request.headers_by_name:
        return None
    changed = body + b"!"
    sized, _ = _sized(request, body, changed)
    return _with(sized, "x-amz-content-sha256", hashlib.sha256(changed).hexdigest()), changed


CHANGES: tuple[tuple[str, Change], ...] = (
    ("method", _method),
    ("bit of the path", _path_bit),
    ("longer path", _path_with("x")),
    ("folder at the end", _path_with("/")),
    ("parent folder", _path_with("/../x")),
    ("NUL in the path", _path_with("%00")),
    ("path encoded again", _path_encoded_again),
    ("path encoded otherwise", _path_encoded_otherwise),
    ("path decoded", _path_decoded),
    ("bit of the query", _query_bit),
    ("parameter gone", _query_less),
    ("parameters in another order", _query_shuffled),
    ("parameter twice", _query_twice),
    ("query encoded again", _query_encoded_again),
    ("parameter more", _query_with("acl=")),
    ("version asked", _query_with("versionId=1")),
    ("bit of a signed header", _header_bit),
    ("signed header gone", _header_gone),
    ("signed header twice", _header_again),
    ("another value beside a signed one", _header_otherwise_again),
    ("values of two headers exchanged", _headers_exchanged),
    ("headers in another order", _headers_shuffled),
    ("white space around a value", _header_wider),
    ("unsigned ACL", _header_added("x-amz-acl", "public-read")),
    ("unsigned target", _header_added("x-amz-target", "CloudTrail_20131101.DeleteTrail")),
    ("unsigned hash", _header_added("x-amz-content-sha256", UNSIGNED_PAYLOAD)),
    ("second authorization", _header_added("authorization", "AWS4-HMAC-SHA256 Credential=x")),
    ("bit of the signature", _claimed(lambda s: s.signature, lambda s, chance: _other_hex(s.signature, chance))),
    ("signature of zeros", _claimed(lambda s: s.signature, lambda s, chance: "0" * 64)),
    ("cut signature", _claimed(lambda s: s.signature, lambda s, chance: s.signature[:-2])),
    ("other key", _claimed(lambda s: s.access_key, lambda s, chance: _flipped(s.access_key, chance))),
    ("key of another principal", _claimed(lambda s: s.access_key, lambda s, chance: "AKIAEXAMPLEUSER00001")),
    ("other day", _claimed(lambda s: f"/{s.date[:8]}/", lambda s, chance: "/20260101/")),
    ("other Region", _claimed(lambda s: f"/{s.region}/", lambda s, chance: "/us-east-1/")),
    ("other service", _claimed(lambda s: f"/{s.service}/", lambda s, chance: "/kinesis/")),
    ("other end of the scope", _claimed(lambda s: "/aws4_request", lambda s, chance: "/aws5_request")),
    ("fewer signed headers", _claimed(lambda s: ";".join(s.signed_headers), _listed_less)),
    ("more signed headers", _claimed(lambda s: "host", lambda s, chance: "host;x-amz-more")),
    ("other algorithm", _claimed(lambda s: "AWS4-HMAC-SHA256", lambda s, chance: "AWS4-HMAC-SHA512")),
    ("other date", _date_moved),
    ("bit of the body", _body_bit),
    ("longer body", _body_longer),
    ("shorter body", _body_shorter),
    ("no body", _body_gone),
    ("hash of another body", _hash_replaced),
    ("other token", _token("FwoAnother==")),
    ("token gone", _token(None)),
    ("token gone and not listed", _token_gone_and_unlisted),
)
