"""eventSource and eventName as records have them, historic forms too."""

import pytest

from opentrail.recorder.understanding.event_names import api_version, event_name, event_source
from opentrail.wire.service_models import available_services, service_model


@pytest.mark.parametrize(
    ("service", "source"),
    [
        ("ec2", "ec2"), ("cloudwatch", "monitoring"), ("sesv2", "ses"), ("ses", "ses"),
        ("elbv2", "elasticloadbalancing"), ("events", "events"), ("rds-data", "rdsdata"),
        ("stepfunctions", "states"), ("ecr", "ecr"), ("sagemaker", "sagemaker"), ("opensearch", "es"), ("logs", "logs"),
        ("efs", "elasticfilesystem"), ("dynamodbstreams", "dynamodb"), ("s3control", "s3"), ("cloudhsmv2", "cloudhsm"),
        ("bedrock-runtime", "bedrock"), ("servicecatalog-appregistry", "servicecatalog-appregistry"),
        ("pricing", "pricing"), ("resourcegroupstaggingapi", "tagging"), ("docdb", "rds"), ("account", "account"),
        ("mq", "amazonmq"), ("mgh", "migrationhub"), ("pinpoint", "pinpoint"),
    ],
)  # fmt: skip
def test_sources_as_records_have_them(service, source):
    assert event_source(service) == f"{source}.amazonaws.com"


def test_an_unknown_service_is_named_by_its_scope():
    assert event_source(None, "FutureService") == "futureservice.amazonaws.com"
    assert event_source(None, "a/../\n") == event_source(None) == "unknown.amazonaws.com"


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("lambda", "CreateFunction", "CreateFunction20150331"), ("lambda", "GetFunction", "GetFunction20150331v2"),
        ("lambda", "Invoke", "Invoke"), ("lambda", "GetFunctionCodeSigningConfig", "GetFunctionCodeSigningConfig"),
        ("s3", "PutBucketLifecycleConfiguration", "PutBucketLifecycle"), ("s3", "ListObjectsV2", "ListObjects"),
        ("s3", "GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
        ("s3", "GetBucketTagging", "GetBucketTagging"),
        ("s3", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
        ("s3", "GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
        ("s3control", "GetPublicAccessBlock", "GetAccountPublicAccessBlock"), ("iam", "GetUser", "GetUser"),
        ("iam", "", "UnknownOperation"), ("iam", "<script>", "UnknownOperation"),
        ("iam", "A" * 200, "UnknownOperation"),
        (None, "NewThing", "NewThing"),
    ],
)  # fmt: skip
def test_names_as_records_have_them(service, operation, name):
    assert event_name(service, operation) == name


def test_names_with_versions_belong_to_operations_that_exist():
    names = service_model("lambda").operation_names
    renamed = [name for name in names if event_name("lambda", name) != name]
    assert len(renamed) == 34
    buckets = service_model("s3").operation_names
    assert len([name for name in buckets if event_name("s3", name) != name]) == 12


def test_every_service_has_a_source():
    for service in available_services():
        source = event_source(service)
        assert source.endswith(".amazonaws.com")
        assert source.count(".") == 2, source
        assert source == source.lower()


def test_few_services_write_a_version():
    assert (api_version("logs"), api_version("elbv2"), api_version("iam")) == ("20140328", "2015-12-01", None)
    assert (api_version("shield"), api_version("waf")) == ("AWSShield_20160616", "2015-08-24")
