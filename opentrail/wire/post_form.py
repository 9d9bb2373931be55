"""S3's uploads by HTML form (POST Object): the fields before the file, the policy that they carry and its signature.

    --boundary                                        a field: name and value
    Content-Disposition: form-data; name="key"

    photos/${filename}
    --boundary                                        the file comes last; what follows it, S3 ignores
    Content-Disposition: form-data; name="file"; filename="a.jpg"
    ...

The policy is a JSON document in base64: until when the form is good, and what its fields may be. Signature Version 4
signs the text of the policy in hex (x-amz-signature), Version 2 in base64 (signature). A form without a policy is
anonymous. Format: Amazon S3 API Reference, "POST Object" and "Authenticating Requests: Browser-Based Uploads".
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final

import msgspec

from opentrail import limits
from opentrail.wire.canonical import ALGORITHM, hmac_hex, key_of, signing_key
from opentrail.wire.http import HttpRequest
from opentrail.wire.signature import UNSIGNED_PAYLOAD, Signature
from opentrail.wire.signature_errors import IncompleteSignature, InvalidSignature, PolicyRefused
from opentrail.wire.signing import Credentials

_MULTIPART: Final = "multipart/form-data"
_PART: Final = re.compile(  # the headers of a part
    rb"(?:Content-Type:[^\r\n]*\r\n)?"
    rb'Content-Disposition: *form-data; *name="(?P<name>[^"\\\r\n]*)"(?:; *filename="(?P<file_name>[^"\r\n]*)")?'
    rb"(?:\r\nContent-(?:Type|Length|Transfer-Encoding):[^\r\n]*)*",
    re.IGNORECASE,
)
_SCOPE: Final = re.compile(r"([^/]+)/(\d{8})/([A-Za-z0-9._-]{1,128})/s3/aws4_request", re.ASCII)
_SIGNS: Final = frozenset(  # lower case: what belongs to the signature and is made anew with it
    ("awsaccesskeyid", "policy", "signature", "x-amz-algorithm", "x-amz-credential", "x-amz-date",
     "x-amz-security-token", "x-amz-signature")
)  # fmt: skip
_NEED_NO_CONDITION: Final = frozenset(("awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"))
_IGNORED: Final = "x-ignore-"
_DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class PostForm:
    """The beginning of a form, up to the first byte of the file."""

    boundary: bytes
    fields: tuple[tuple[str, str], ...]  # names as sent, in their order
    file_part: bytes  # the headers of the file's part, with the empty line after them
    file_name: str
    head_bytes: int  # of the body, before the file

    @property
    def by_name(self) -> dict[str, str]:
        """The fields by their names in lower case."""
        return {name.lower(): value for name, value in self.fields}

    @property
    def key(self) -> str:
        """The object's key; `${filename}` stands for the name of the file."""
        name = self.file_name.rpartition("\\")[2].rpartition("/")[2]
        return self.by_name.get("key", "").replace("${filename}", name)

    def of_the_object(self) -> dict[str, str]:
        """The fields that say something about the object: all but key, policy and signature."""
        return {name: value for name, value in self.fields if name.lower() not in _SIGNS | {"key", "file"}}


def is_form_upload(request: HttpRequest) -> bool:
    """Whether the head of `request` announces a form."""
    return request.method == "POST" and request.header("content-type").lower().startswith(_MULTIPART)


def read_form(request: HttpRequest, beginning: bytes) -> PostForm | None:
    """The form whose body begins so; None where that is no form of S3's, or its file is not reached.

    Strict, because upstreams differ in what they make of odd parts, and the record must name what they do: every part
    has one Content-Disposition of the usual form, no field is there twice, and there is a key.
    """
    content_type = Message()
    content_type["content-type"] = request.header("content-type")
    stated = content_type.get_param("boundary")
    if not isinstance(stated, str) or not stated:
        return None
    boundary = b"--" + stated.encode("latin-1", "replace")
    if not beginning.startswith(boundary + b"\r\n"):
        return None
    position, fields = 0, dict[str, tuple[str, str]]()  # by their names in lower case
    while position >= 0 and len(fields) <= limits.POST_FORM_FIELDS:
        start = position + len(boundary) + 2
        end_of_headers = beginning.find(b"\r\n\r\n", start)
        named = _PART.fullmatch(beginning[start:end_of_headers]) if end_of_headers >= 0 else None
        if named is None:
            return None
        name = named["name"].decode("utf-8", "replace")
        if name.lower() == "file":
            return PostForm(
                boundary=boundary,
                fields=tuple(fields.values()),
                file_part=beginning[start : end_of_headers + 4],
                file_name=(named["file_name"] or b"").decode("utf-8", "replace"),
                head_bytes=end_of_headers + 4,
            )
        end = beginning.find(b"\r\n" + boundary + b"\r\n", end_of_headers + 2)
        if end < 0 or name.lower() in fields:
            return None
        fields[name.lower()] = name, beginning[end_of_headers + 4 : end].decode("utf-8", "replace")
        position = end + 2
    return None


def signature_of(form: PostForm) -> Signature | None:
    """The signature that the form carries; None of an anonymous one. Raises IncompleteSignature."""
    fields = form.by_name
    if "policy" not in fields:
        return None
    token = fields.get("x-amz-security-token")
    if "awsaccesskeyid" in fields and "x-amz-algorithm" not in fields:
        if not fields.get("signature"):
            raise IncompleteSignature("Bucket POST must contain a field named 'signature'.")
        return Signature(
            "v2-post", fields["awsaccesskeyid"], "", "", "s3", (), fields["signature"], token, UNSIGNED_PAYLOAD
        )
    scope = _SCOPE.fullmatch(fields.get("x-amz-credential", ""))
    date = fields.get("x-amz-date", "")
    if fields.get("x-amz-algorithm") != ALGORITHM or scope is None or not date.startswith(scope[2]):
        raise IncompleteSignature("The fields x-amz-algorithm, x-amz-credential and x-amz-date do not fit each other.")
    return Signature(
        "post", scope[1], date, scope[3], "s3", (), fields.get("x-amz-signature", ""), token, UNSIGNED_PAYLOAD
    )


def verify_form(form: PostForm, bucket: str, signature: Signature, secret: str, now: datetime) -> None:
    """Return if the policy was signed with `secret`, is still good and allows the fields of the form.

    Raises InvalidSignature, PolicyRefused. The length of the file (content-length-range) is the upstream's to judge.
    """
    policy = form.by_name["policy"]
    if signature.is_version_2:
        made = base64.b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1")).decode("ascii")
    else:
        made = hmac_hex(key_of(signature, secret), policy)
    if not hmac.compare_digest(made.encode(), signature.signature.encode()):
        raise InvalidSignature
    document = _document(policy)
    _check_expiration(document, now)
    _check_conditions(document, form, bucket)


def signed_anew(form: PostForm, credentials: Credentials, region: str, now: datetime) -> bytes:
    """The beginning of the same form with its policy signed by `credentials` (Version 4); the file follows it."""
    date = now.strftime(_DATE_FORMAT)
    signs = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{date[:8]}/{region}/s3/aws4_request",
        "x-amz-date": date,
    }
    if credentials.session_token is not None:
        signs["x-amz-security-token"] = credentials.session_token
    document = _document(form.by_name["policy"])
    kept = [condition for condition in document["conditions"] if not _about(condition) & _SIGNS]
    conditions = [*kept, *({name: value} for name, value in signs.items())]
    policy = base64.b64encode(msgspec.json.encode({**document, "conditions": conditions})).decode("ascii")
    signature = hmac_hex(signing_key(credentials.secret, date[:8], region, "s3"), policy)
    fields = [(name, value) for name, value in form.fields if name.lower() not in _SIGNS]
    fields += [*signs.items(), ("policy", policy), ("x-amz-signature", signature)]
    parts = [
        b'%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (form.boundary, name.encode(), value.encode("utf-8", "replace"))
        for name, value in fields
    ]
    return b"".join([*parts, form.boundary, b"\r\n", form.file_part])


def _document(policy: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(base64.b64decode(policy))
    except (binascii.Error, msgspec.DecodeError, RecursionError, ValueError) as error:
        raise PolicyRefused("Invalid Policy: Invalid JSON.") from error
    if not isinstance(document, dict) or not isinstance(document.get("conditions"), list):
        raise PolicyRefused("Invalid Policy: Policy missing conditions.")
    return document


def _check_expiration(document: Mapping[str, Any], now: datetime) -> None:
    try:
        expires = datetime.fromisoformat(document["expiration"])
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyRefused("Invalid Policy: Policy missing expiration.") from error
    if now > (expires if expires.tzinfo is not None else expires.replace(tzinfo=UTC)):
        raise PolicyRefused("Invalid according to Policy: Policy expired.")


def _check_conditions(document: Mapping[str, Any], form: PostForm, bucket: str) -> None:
    if form.by_name.get("bucket", bucket) != bucket:  # an upstream might take it for the bucket that is meant
        raise PolicyRefused("Invalid according to Policy: Policy Condition failed: the bucket is another one")
    values = {**form.by_name, "bucket": bucket}
    named: set[str] = set()
    for condition in document["conditions"]:
        named |= _about(condition)
        if not _holds(condition, values):
            text = msgspec.json.encode(condition).decode()
            raise PolicyRefused(f"Invalid according to Policy: Policy Condition failed: {text}")
    for name in form.by_name:
        if name not in named | _NEED_NO_CONDITION and not name.startswith(_IGNORED):
            raise PolicyRefused(f"Invalid according to Policy: Extra input fields: {name}")


def _about(condition: Any) -> frozenset[str]:
    """The fields that a condition is about, in lower case."""
    if isinstance(condition, dict):
        return frozenset(str(name).lower() for name in condition)
    if isinstance(condition, list) and len(condition) == 3 and isinstance(condition[1], str):
        return frozenset((condition[1].removeprefix("$").lower(),))
    return frozenset()


def _holds(condition: Any, values: Mapping[str, str]) -> bool:
    if isinstance(condition, dict):
        return all(values.get(str(name).lower()) == value for name, value in condition.items())
    if not isinstance(condition, list) or len(condition) != 3 or not isinstance(condition[0], str):
        return False
    kind, name, wanted = condition[0].lower(), condition[1], condition[2]
    if kind == "content-length-range":
        return True
    if not isinstance(name, str) or not isinstance(wanted, str):
        return False
    value = values.get(name.removeprefix("$").lower())
    if value is None or kind not in ("eq", "starts-with"):
        return False
    return value == wanted if kind == "eq" else value.startswith(wanted)
