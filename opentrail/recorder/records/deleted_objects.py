"""The events of single objects that one DeleteObjects call makes, so that every key can be found.

AWS logs a DeleteObjects call without its keys and, beside it, a DeleteObject data event of type AwsServiceEvent for
each object.
"""

from dataclasses import dataclass
from typing import Any, Final

from opentrail.recorder.records.resources import deleted_keys, s3_bucket, s3_object
from opentrail.recorder.shapes.s3 import bucket_and_key
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.http import HttpRequest

_SOURCE: Final = "s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class ExtraEvent:
    """A further event that the same call makes: one `DeleteObject` for each key of a DeleteObjects call.

    AWS writes them as data events of type AwsServiceEvent with the request id of the call; what is not named here
    (identity, time, source address, user agent) is the call's own.
    """

    event_source: str
    event_name: str
    request_parameters: dict[str, Any] | None
    resources: list[dict[str, str]]
    error_code: str | None = None
    error_message: str | None = None
    event_type: str = "AwsServiceEvent"
    category: str = "Data"
    read_only: bool = False


def deleted_object_events(
    interpreted: Interpreted, request: HttpRequest, account: str, output: dict[str, Any] | None
) -> tuple[ExtraEvent, ...]:
    """One event for each key in the order of the call; keys that the answer lists as errors carry code and message."""
    bucket = bucket_and_key(request)[0]
    failures = _failures(output)
    events = []
    for key, version in deleted_keys(interpreted):
        code, message = failures.get((key, version), (None, None))
        parameters = {"bucketName": bucket, "key": key}
        if version is not None:
            parameters["x-amz-version-id"] = version
        events.append(
            ExtraEvent(
                event_source=_SOURCE,
                event_name="DeleteObject",
                request_parameters=parameters,
                resources=[s3_object(bucket, key), s3_bucket(bucket, account)],
                error_code=code,
                error_message=message,
            )
        )
    return tuple(events)


def _failures(output: dict[str, Any] | None) -> dict[tuple[str, str | None], tuple[str | None, str | None]]:
    listed = (output or {}).get("Errors")
    failures = {}
    for error in listed if isinstance(listed, list) else ():
        if isinstance(error, dict) and isinstance(error.get("Key"), str):
            version = error.get("VersionId") or None
            failures[(error["Key"], version)] = (error.get("Code") or "InternalError", error.get("Message"))
    return failures
