"""The step that holds up principals who call too often; it is there only where the settings limit anything."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from opentrail.accounts.principal import Principal
from opentrail.recorder.answers.refusals import CallRefused
from opentrail.recorder.call import Call
from opentrail.recorder.steps import STEPS, Step, verify_body
from opentrail.recorder.surroundings import Surroundings

_RATE: Final = "Rate exceeded"


class RateExceeded(CallRefused):
    """Rate exceeded"""

    reason: ClassVar[str] = "throttled"
    told: ClassVar[Mapping[str, tuple[int, str, str]]] = {  # status, code and message as AWS's services have them
        "s3": (503, "SlowDown", "Please reduce your request rate."),
        "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
        "query": (400, "Throttling", _RATE),
        "rest-xml": (400, "Throttling", _RATE),
        "json": (400, "ThrottlingException", _RATE),
        "cbor": (400, "ThrottlingException", _RATE),
        "rest-json": (429, "ThrottlingException", _RATE),
    }


def steps_with(may_call: Callable[[Principal], bool] | None) -> tuple[Step, ...]:
    """The steps of a call; with a limit it is asked as soon as the caller is proven, before anything is understood."""
    if may_call is None:
        return STEPS

    def keep_rate(_around: Surroundings, call: Call) -> None:
        if call.principal is not None and not may_call(call.principal):
            raise RateExceeded

    place = STEPS.index(verify_body) + 1
    return (*STEPS[:place], keep_rate, *STEPS[place:])
