"""What parameters and answers of one operation look like in a record, compiled once: shaped and without secrets."""

import functools
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

from opentrail.record.redaction import redact_parameters, redact_response, redaction_by_names
from opentrail.recorder.shapes.generic import shaper
from opentrail.recorder.shapes.habits import (
    added_parameters,
    finish_elements,
    finish_parameters,
    has_answer_habit,
    has_request_habit,
    without_item_values,
)

Shown = Callable[[dict[str, Any]], dict[str, Any]]


@functools.lru_cache(maxsize=8192)
def shown_parameters(
    service: str, operation: OperationModel, protocol: str, event_source: str, event_name: str
) -> Shown:
    """What turns parameters, by the model's names, into CloudTrail's requestParameters."""
    redaction = redaction_by_names(event_source, event_name)
    if redaction is None or has_request_habit(service):
        plain = shaper(service, operation.input_shape, protocol)

        def shaped_then_redacted(values: dict[str, Any]) -> dict[str, Any]:
            shaped = plain(without_item_values(service, operation.name, values))
            redacted = redact_parameters(event_source, event_name, finish_parameters(service, operation, shaped))
            return redacted if isinstance(redacted, dict) else {}

        return shaped_then_redacted
    cleaned = shaper(service, operation.input_shape, protocol, redaction)
    added = added_parameters(service, operation.name)
    if not added:
        return cleaned
    return lambda values: {**(shaped := cleaned(values)), **{n: v for n, v in added.items() if n not in shaped}}


@functools.lru_cache(maxsize=8192)
def shown_elements(service: str, operation: OperationModel, protocol: str, event_source: str, event_name: str) -> Shown:
    """What turns an answer, by the model's names, into CloudTrail's responseElements."""
    redaction = redaction_by_names(event_source, event_name)
    if redaction is not None and not has_answer_habit(service):
        return shaper(service, operation.output_shape, protocol, redaction)
    plain = shaper(service, operation.output_shape, protocol)

    def shaped_then_redacted(output: dict[str, Any]) -> dict[str, Any]:
        redacted = redact_response(event_source, event_name, finish_elements(service, operation.name, plain(output)))
        return redacted if isinstance(redacted, dict) else {}

    return shaped_then_redacted
