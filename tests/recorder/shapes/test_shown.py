"""Shaping and redaction in one walk comes to what one after the other comes to, whatever the values are."""

import copy
import random
from typing import Any

import msgspec
import pytest

from opentrail.record.redaction import HIDDEN, redact_parameters, redact_response
from opentrail.recorder.shapes.generic import shaper
from opentrail.recorder.shapes.habits import finish_elements, finish_parameters
from opentrail.recorder.shapes.shown import shown_elements, shown_parameters
from opentrail.recorder.understanding.event_names import event_name, event_source
from opentrail.wire.service_models import available_services, service_model
from tests.wire.protocols.made_requests import Maker

SERVICES = sorted(available_services() - {"ec2", "s3", "s3control"})
NAMES = (
    "SecretAccessKey", "password", "MasterUserPassword", "UserData", "Plaintext", "SecretString", "Logins", "Item",
    "Environment", "Data", "AccessToken", "Body", "newer", "Detail", "LogEvents",
)  # fmt: skip
ODD: list[Any] = [
    None, [], {}, "", "x", 7, 1.5, True, [None], [[]], ["a", "b"], ["a", 1], {"password": "x"},
    {"SecretAccessKey": "x"}, [{"sessionToken": "x", "a": {"Password": ["x"]}}],
    {"item": ["a"], "b": [{"plaintext": "x"}]},
]  # fmt: skip


def values_of(shape: Any, seed: int) -> dict[str, Any]:
    """Parameters by the model's names, as a reader gives them: blobs as texts."""
    made = Maker(seed).structure(shape)
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return found


def places(value: Any) -> list[Any]:
    found = [value]
    for item in list(value.values()) if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            found += places(item)
    return found


def spoil(values: dict[str, Any], source: random.Random) -> None:
    """Values of other types than the model's, and members that no model has."""
    for _ in range(3):
        container = source.choice(places(values))
        if isinstance(container, list):
            container.append(copy.deepcopy(source.choice(ODD)))
        elif container and source.random() < 0.6:
            container[source.choice(list(container))] = copy.deepcopy(source.choice(ODD))
        else:
            container[source.choice(NAMES)] = copy.deepcopy(source.choice(ODD))


@pytest.mark.parametrize("part", range(6))
def test_one_walk_is_both(part: int) -> None:
    source = random.Random(part)
    for service in [*source.sample(SERVICES[part::6], 12), "dynamodb"]:
        model = service_model(service)
        protocol = str(model.resolved_protocol)
        for name in source.sample(model.operation_names, min(6, len(model.operation_names))):
            operation = model.operation_model(name)
            about = (event_source(service), event_name(service, name))
            for seed in range(4):
                if operation.input_shape is not None:
                    values = values_of(operation.input_shape, seed)
                    if seed:
                        spoil(values, source)
                    before = copy.deepcopy(values)
                    found = shown_parameters(service, operation, protocol, *about)(values)
                    assert values == before
                    plain = shaper(service, operation.input_shape, protocol)(values)
                    wanted = redact_parameters(*about, finish_parameters(service, operation, plain))
                    assert repr(found) == repr(wanted), (service, name, values)
                if operation.output_shape is not None:
                    output = values_of(operation.output_shape, seed)
                    if seed:
                        spoil(output, source)
                    found = shown_elements(service, operation, protocol, *about)(output)
                    plain = shaper(service, operation.output_shape, protocol)(output)
                    wanted = redact_response(*about, finish_elements(service, name, plain))
                    assert repr(found) == repr(wanted), (service, name, output)


@pytest.mark.parametrize(
    ("service", "name", "values", "wanted"),
    [
        ("sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": "hello"}, {"queueUrl": "u", "messageBody": HIDDEN}),
        ("kms", "ReEncrypt", {"SourceKeyId": "k", "Plaintext": "AAAA"},
         {"sourceKeyId": "k", "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
          "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        ("kms", "Decrypt", {"KeyId": "k"}, {"keyId": "k", "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        ("iam", "CreateLoginProfile", {"UserName": "u", "Password": "x"},
         {"userName": "u", "passwordResetRequired": False}),
        ("iam", "EnableMFADevice", {"UserName": "u", "AuthenticationCode1": "1", "AuthenticationCode2": "2"},
         {"userName": "u"}),
        ("iam", "ResyncMFADevice", {"AuthenticationCode1": "1", "AuthenticationCode2": "2"}, {}),
        ("cognito-idp", "ConfirmForgotPassword", {"ConfirmationCode": "1"}, {"confirmationCode": HIDDEN}),
        ("cognito-idp", "VerifyUserAttribute", {"AttributeName": "email", "Code": "1"},
         {"attributeName": "email", "code": HIDDEN}),
        ("sso-oidc", "CreateToken", {"code": "c"}, {"code": HIDDEN}),
        ("pinpoint-sms-voice-v2", "VerifyDestinationNumber", {"VerificationCode": "1"}, {"verificationCode": HIDDEN}),
        ("ssm-contacts", "ActivateContactChannel", {"ActivationCode": "1"}, {"activationCode": HIDDEN}),
        ("iam", "TagUser", {"Tags": [{"Key": "a", "password": "x"}]}, {"tags": [{"key": "a"}]}),
    ],
)  # fmt: skip
def test_secrets_do_not_pass(service: str, name: str, values: dict[str, Any], wanted: dict[str, Any]) -> None:
    operation = service_model(service).operation_model(name)
    assert shown_parameters(service, operation, "json", event_source(service), name)(values) == wanted
