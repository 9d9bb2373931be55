"""What a call is about, however it names it: a Deny on a resource holds for each of its names."""

from typing import Any

import pytest

from opentrail.recorder.access.enforced_resources import resource_of
from tests.recorder.calls import ACCOUNT, REGION, interpreted


class Nobody:
    """An IAM without users and roles."""

    def user(self, account: str, name: str) -> None: ...

    def role(self, account: str, name: str) -> None: ...


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "resource"),
    [
        ("lambda", "DeleteFunction", {"FunctionName": "f"}, "lambda:{}:function:f"),
        ("lambda", "DeleteFunction", {"FunctionName": f"{ACCOUNT}:function:f"}, "lambda:{}:function:f"),
        ("lambda", "DeleteFunction", {"FunctionName": "function:f"}, "lambda:{}:function:f"),
        ("ssm", "DeleteParameter", {"Name": "/a/b"}, "ssm:{}:parameter/a/b"),
        ("ssm", "UnlabelParameterVersion", {"Name": "/a/b:3", "ParameterVersion": 3, "Labels": ["l"]},
         "ssm:{}:parameter/a/b"),
        ("ssm", "DeleteDocument", {"Name": "a"}, None),
        ("events", "DeleteEventBus", {"Name": "bus"}, "events:{}:event-bus/bus"),
        ("events", "DeleteRule", {"Name": "audit", "EventBusName": "default"}, None),
        ("events", "PutTargets", {"Rule": "audit", "EventBusName": "default", "Targets": []}, None),
        ("stepfunctions", "CreateStateMachine", {"name": "m", "definition": "{}", "roleArn": "r"},
         "states:{}:stateMachine:m"),
        ("stepfunctions", "CreateActivity", {"name": "a"}, None),
        ("logs", "DeleteLogGroup", {"logGroupName": "g"}, "logs:{}:log-group:g:log-stream:"),
        ("logs", "DeleteLogStream", {"logGroupName": "g", "logStreamName": "s"}, "logs:{}:log-group:g:log-stream:s"),
    ],
)  # fmt: skip
def test_a_resource_is_known_by_each_of_its_names(
    service: str, operation: str, parameters: dict[str, Any], resource: str | None
) -> None:
    expected = "arn:aws:" + resource.format(f"{REGION}:{ACCOUNT}") if resource is not None else None
    assert resource_of(interpreted(service, operation, parameters), ACCOUNT, REGION, Nobody()) == expected
