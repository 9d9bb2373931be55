"""What is read from botocore's models, and the tables that have to agree with them."""

import collections

import pytest

from opentrail.wire import service_models
from opentrail.wire.service_models import (
    UnknownService,
    available_services,
    endpoint_prefix,
    protocols,
    service_model,
    services_at,
    services_signing_as,
)
from opentrail.wire.service_names import RULED_SIGNING_NAMES


def test_tables_of_names_agree_with_the_models_of_the_installed_botocore():
    signing, prefixes = collections.defaultdict(set), collections.defaultdict(set)
    for service in available_services():
        description = service_models._LOADER.load_service_model(service, "service-2")["metadata"]
        prefixes[description["endpointPrefix"]].add(service)
        signing[description.get("signingName", description["endpointPrefix"])].add(service)
    by_model = {name: set(services_signing_as(name)) for name in signing if name not in RULED_SIGNING_NAMES}
    assert by_model == {name: services for name, services in signing.items() if name not in RULED_SIGNING_NAMES}
    assert all(signing[name] <= set(services) for name, services in RULED_SIGNING_NAMES.items())
    assert {name: set(services_at(name)) for name in prefixes} == dict(prefixes)


def test_most_likely_service_of_a_shared_signing_name_stands_first():
    firsts = {name: services_signing_as(name)[0] for name in ("s3", "rds", "ses", "dynamodb", "elasticloadbalancing")}
    assert firsts == {"s3": "s3", "rds": "rds", "ses": "sesv2", "dynamodb": "dynamodb", "elasticloadbalancing": "elbv2"}


def test_unknown_names():
    assert services_signing_as("no-such") == ()
    assert services_at("no-such") == ()
    with pytest.raises(UnknownService):
        service_model("../etc/passwd")


def test_facts_of_models():
    assert endpoint_prefix("cloudwatch") == "monitoring"
    assert protocols("ec2") == ("ec2",)
    assert "json" in protocols("cloudwatch")
    assert service_model("iam") is service_model("iam")
