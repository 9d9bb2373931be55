"""The record of one API call as typed parts, and its bytes: put together from pieces that are encoded once.

The bytes are those that `encoding.encode` gives for `CallRecord.fields` (a test compares them). Most of a record is the
same from call to call: who calls, which operation, from where, for which host. Those pieces are remembered encoded;
parameters, answer and ids are encoded for each call. A record that comes near one of AWS's caps goes the long way.
"""

import functools
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from opentrail import limits
from opentrail.record.depth import exceeds_depth
from opentrail.record.encoding import LEAST_CAP_BYTES, cut_text, encode, encode_value, json_bytes, ordered_identity

EVENT_VERSION: Final = "1.11"

_BEGINNING: Final = f'{{"eventVersion":"{EVENT_VERSION}","userIdentity":'.encode()
_REMEMBERED_CHARACTERS: Final = 1024  # callers choose agents and hosts: longer ones are encoded anew for each call
_NULL: Final = b"null"


class CallRecord(msgspec.Struct, frozen=True):
    """One call, before intake stamps it. Values are JSON's; what is None is left out, but for the two that are null."""

    identity: bytes  # `userIdentity` as JSON: see `identity_json`
    event_source: str
    event_name: str
    region: str
    source_address: str
    user_agent: str
    read_only: bool
    category: str  # "Management" | "Data"
    account: str  # recipientAccountId
    host: str | None = None  # clientProvidedHostHeader; None: without tlsDetails
    tls: tuple[str, str] | None = None  # version and cipher suite
    api_version: str | None = None
    shared_event_id: str | None = None
    vpc_endpoint_id: str | None = None
    event_type: str = "AwsApiCall"
    request_parameters: dict[str, Any] | None = None
    response_elements: dict[str, Any] | None = None
    error_code: str | None = None
    error_message: str | None = None
    additional_event_data: dict[str, Any] | None = None
    request_id: str | None = None
    resources: list[dict[str, str]] | None = None

    def fields(self) -> dict[str, Any]:
        """The same by the record's names, without what intake stamps."""
        fields: dict[str, Any] = {
            "userIdentity": msgspec.json.decode(self.identity),
            "eventSource": self.event_source,
            "eventName": self.event_name,
            "awsRegion": self.region,
            "sourceIPAddress": self.source_address,
            "userAgent": self.user_agent,
            "errorCode": self.error_code,
            "errorMessage": self.error_message,
            "requestParameters": self.request_parameters,
            "responseElements": self.response_elements,
            "additionalEventData": self.additional_event_data,
            "requestID": self.request_id,
            "readOnly": self.read_only,
            "resources": self.resources,
            "eventType": self.event_type,
            "apiVersion": self.api_version,
            "managementEvent": self.category == "Management",
            "recipientAccountId": self.account,
            "sharedEventID": self.shared_event_id,
            "vpcEndpointId": self.vpc_endpoint_id,
            "eventCategory": self.category,
        }
        if self.host is not None:
            version, cipher = self.tls or (None, None)
            fields["tlsDetails"] = {
                "tlsVersion": version, "cipherSuite": cipher, "clientProvidedHostHeader": self.host
            }  # fmt: skip
        return fields

    def encoded(self, event_time: str, event_id: str) -> bytes:
        """The record's bytes. Raises BadRecord as `encoding.encode` does."""
        try:
            encoded = b"".join(self._pieces(event_time, event_id))
        except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
            encoded = b""  # some value is none that JSON or UTF-8 can carry
        if 0 < len(encoded) <= LEAST_CAP_BYTES and not exceeds_depth(encoded, limits.RECORD_DEPTH):
            return encoded
        stamped = {"eventVersion": EVENT_VERSION, "eventTime": event_time, "eventID": event_id}
        return encode({**self.fields(), **stamped})

    def _pieces(self, event_time: str, event_id: str) -> list[bytes]:
        host, agent = self.host, self.user_agent
        call = _call_piece(self.event_source, self.event_name, self.region)
        short = len(agent) <= _REMEMBERED_CHARACTERS
        caller = (_caller_piece if short else _caller_piece.__wrapped__)(self.source_address, agent)
        kind = _kind_piece(self.event_type, self.api_version, self.category == "Management", self.account)
        short = host is None or len(host) <= _REMEMBERED_CHARACTERS
        ending = (_ending_piece if short else _ending_piece.__wrapped__)(self.category, host, self.tls)
        pieces = [_BEGINNING, self.identity, b',"eventTime":"', event_time.encode(), call, caller]
        if self.error_code is not None:
            pieces += b',"errorCode":', json_bytes(cut_text(self.error_code))
        if self.error_message is not None:
            pieces += b',"errorMessage":', json_bytes(cut_text(self.error_message))
        parameters, elements = self.request_parameters, self.response_elements
        pieces += b',"requestParameters":', _NULL if parameters is None else json_bytes(parameters)
        pieces += b',"responseElements":', _NULL if elements is None else json_bytes(elements)
        if self.additional_event_data is not None:
            pieces += b',"additionalEventData":', json_bytes(self.additional_event_data)
        if self.request_id is not None:
            pieces += b',"requestID":', json_bytes(cut_text(self.request_id))
        pieces += b',"eventID":"', event_id.encode(), b'","readOnly":true' if self.read_only else b'","readOnly":false'
        if self.resources is not None:
            pieces += b',"resources":', json_bytes(self.resources)
        pieces.append(kind)
        if self.shared_event_id is not None:
            pieces += b',"sharedEventID":', json_bytes(self.shared_event_id)
        if self.vpc_endpoint_id is not None:
            pieces += b',"vpcEndpointId":', json_bytes(self.vpc_endpoint_id)
        pieces.append(ending)
        return pieces


def identity_json(identity: Mapping[str, Any]) -> bytes:
    """A `userIdentity` in AWS's order, for `CallRecord.identity`."""
    return encode_value(ordered_identity(identity), limits.RECORD_DEPTH - 1)


def _members(**members: Any) -> bytes:
    """The members that are not None, each with a comma before it."""
    there = {name: value for name, value in members.items() if value is not None}
    return b"," + json_bytes(there)[1:-1] if there else b""


@functools.lru_cache(maxsize=4096)
def _call_piece(event_source: str, event_name: str, region: str) -> bytes:
    return b'"' + _members(eventSource=event_source, eventName=event_name, awsRegion=region)


@functools.lru_cache(maxsize=1024)
def _caller_piece(source_address: str, user_agent: str) -> bytes:
    return _members(sourceIPAddress=source_address, userAgent=cut_text(user_agent))


@functools.lru_cache(maxsize=1024)
def _kind_piece(event_type: str, api_version: str | None, management: bool, account: str) -> bytes:
    return _members(
        eventType=event_type, apiVersion=api_version, managementEvent=management, recipientAccountId=account
    )


@functools.lru_cache(maxsize=1024)
def _ending_piece(category: str, host: str | None, tls: tuple[str, str] | None) -> bytes:
    if host is None:
        return _members(eventCategory=category) + b"}"
    version, cipher = tls or (None, None)
    details = {"tlsVersion": version, "cipherSuite": cipher, "clientProvidedHostHeader": host}
    there = {name: value for name, value in details.items() if value is not None}
    return _members(eventCategory=category, tlsDetails=there) + b"}"
