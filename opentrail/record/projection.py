# ruff: noqa: N815 - fields carry the record's own names
"""The projection of a record: of its view what history keeps in columns, and nothing else.

Every record that enters history is decoded for it once, so it makes as few objects as will do: what goes into no column
is passed over, and what must be looked into further is decoded in the same go or left as it came.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from opentrail.record.faults import BadRecord
from opentrail.record.view import ABSENT, IdentityView, RecordView, generic, view


class Caller(msgspec.Struct, gc=False):
    """Of `userIdentity` what a user name and an access key are told from."""

    type: str | None = None
    principalId: str | None = None
    arn: str | None = None
    accessKeyId: str | None = None
    userName: str | None = None


class Projection(msgspec.Struct, gc=False):
    """Fields as in RecordView; answers are decoded, for those of calls that change something seldom come twice."""

    eventVersion: str | None = None
    userIdentity: Caller | None = None
    eventSource: str | None = None
    eventName: str | None = None
    awsRegion: str | None = None
    sourceIPAddress: str | None = None
    userAgent: str | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    requestParameters: msgspec.Raw = ABSENT
    responseElements: dict[str, Any] | None = None
    requestID: str | None = None
    readOnly: bool | None = None
    resources: msgspec.Raw = ABSENT
    eventType: str | None = None
    apiVersion: str | None = None
    managementEvent: bool | None = None
    recipientAccountId: str | None = None
    sharedEventID: str | None = None
    vpcEndpointId: str | None = None
    eventCategory: str | None = None


_decode = msgspec.json.Decoder(Projection).decode


def projections(raws: Sequence[bytes]) -> list[Projection]:
    """The projections of records that `view` has let through once, in their order; an empty one for one without."""
    try:
        return [_decode(raw) for raw in raws]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return [_projection(raw) for raw in raws]


def _projection(raw: bytes) -> Projection:
    try:
        return _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _by_view(raw)


def _by_view(raw: bytes) -> Projection:
    """Of a record with odd types, or text that only the view's slower ways can read."""
    try:
        return _of_view(view(raw))
    except BadRecord:
        return Projection()


def _of_view(record: RecordView) -> Projection:
    own = {"userIdentity", "responseElements", "resources"}
    plain = {name: getattr(record, name) for name in Projection.__struct_fields__ if name not in own}
    answer = generic(record.responseElements)
    return Projection(
        userIdentity=_caller(record.userIdentity),
        responseElements=answer if isinstance(answer, dict) else None,
        resources=ABSENT if record.resources is None else msgspec.Raw(msgspec.json.encode(record.resources)),
        **plain,
    )


def _caller(identity: IdentityView | None) -> Caller | None:
    if identity is None:
        return None
    return Caller(identity.type, identity.principalId, identity.arn, identity.accessKeyId, identity.userName)
