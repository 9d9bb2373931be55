"""How calls are written down where a service has no habits of its own: letters, maps, lists, parts."""

from opentrail.recorder.shapes.generic import lower_first, shaper
from opentrail.recorder.shapes.habits import finish_parameters
from opentrail.recorder.shapes.times import epoch_milliseconds, java_time
from opentrail.wire.service_models import available_services, service_model
from tests.recorder.calls import answered, interpreted

_BACKUP = {
    "BackupVaultName": "v",
    "ResourceArn": "arn:aws:ec2:eu-west-1:1:volume/v",
    "IamRoleArn": "arn:aws:iam::1:role/r",
}


def _request(service, name, parameters):
    return interpreted(service, name, parameters).request_parameters


def test_only_the_first_letter_is_lowered():
    names = ("DBInstanceIdentifier", "IPAddress", "CAIdentifier", "SAMLAssertionID", "ARN", "S3BucketName", "TrailARN")
    assert [lower_first(name) for name in names] == [
        "dBInstanceIdentifier", "iPAddress", "cAIdentifier", "sAMLAssertionID", "aRN", "s3BucketName", "trailARN",
    ]  # fmt: skip


def test_keys_of_maps_stay_as_the_caller_wrote_them():
    found = _request("kms", "GenerateDataKey", {"KeyId": "k", "EncryptionContext": {"App": "x", "aws:s3:arn": "y"}})
    assert found == {"keyId": "k", "encryptionContext": {"App": "x", "aws:s3:arn": "y"}}
    assert _request("logs", "CreateLogGroup", {"logGroupName": "/x", "tags": {"Team": "a"}})["tags"] == {"Team": "a"}


def test_lists_of_the_query_protocol_are_arrays():
    found = _request("iam", "CreateUser", {"UserName": "dana", "Tags": [{"Key": "Team", "Value": "a"}]})
    assert found == {"userName": "dana", "tags": [{"key": "Team", "value": "a"}]}


def test_path_query_and_body_are_one_object():
    found = _request("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Timeout": 3})
    assert found == {"functionName": "f", "timeout": 3, "environment": {}}
    assert _request("lambda", "ListFunctions", {"MaxItems": 5}) == {"maxItems": 5}


def test_services_that_keep_their_capitals():
    assert _request("account", "GetRegionOptStatus", {"RegionName": "eu-north-1"}) == {"RegionName": "eu-north-1"}
    found = _request(
        "ce", "GetCostForecast", {"TimePeriod": {"Start": "a", "End": "b"}, "Metric": "M", "Granularity": "G"}
    )
    assert found["TimePeriod"] == {"Start": "a", "End": "b"}
    found = _request("synthetics", "UpdateCanary", {"Name": "c", "Schedule": {"Expression": "rate(1 minute)"}})
    assert found == {"name": "c", "Schedule": {"Expression": "rate(1 minute)"}}


def test_services_behind_api_gateway_keep_names_and_bodies_as_they_came():
    found = _request("greengrass", "GetGroupVersion", {"GroupId": "g", "GroupVersionId": "v"})
    assert found == {"GroupId": "g", "GroupVersionId": "v"}
    found = _request(
        "pinpoint", "CreateCampaign", {"ApplicationId": "a", "WriteCampaignRequest": {"HoldoutPercent": 0}}
    )
    assert found == {"application-id": "a", "HoldoutPercent": 0}
    found = _request("pinpoint", "GetCampaigns", {"ApplicationId": "a", "PageSize": "5"})
    assert found == {"application-id": "a", "page-size": "5"}


def test_query_strings_of_services_behind_api_gateway_are_texts():
    assert _request("macie2", "ListMembers", {"maxResults": 5}) == {"maxResults": "5"}
    assert _request("servicecatalog-appregistry", "ListApplications", {"maxResults": 5}) == {"maxResults": "5"}
    assert _request("macie2", "GetBucketStatistics", {"accountId": "1"}) == {"accountId": "1"}


def test_answers_without_a_name_for_the_body():
    body = b'{"ApplicationId":"a","Id":"c","Name":"n"}'
    asked = {"ApplicationId": "a", "WriteCampaignRequest": {"Name": "n"}}
    assert answered("pinpoint", "CreateCampaign", asked, body).response_elements == {
        "ApplicationId": "a", "Id": "c", "Name": "n"
    }  # fmt: skip


def test_maps_whose_names_are_sensitive_are_hidden_as_a_whole():
    values = {"Runtime": "PYTHON_3", "RuntimeEnvironmentVariables": {"SECRET1": "SECRET2"}}
    source = {"RepositoryUrl": "u", "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"}}
    source["CodeConfiguration"] = {"ConfigurationSource": "API", "CodeConfigurationValues": values}
    found = _request(
        "apprunner", "CreateService", {"ServiceName": "s", "SourceConfiguration": {"CodeRepository": source}}
    )
    shown = found["sourceConfiguration"]["codeRepository"]["codeConfiguration"]["codeConfigurationValues"]
    assert shown["runtimeEnvironmentVariables"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert "SECRET" not in str(found)


def test_times_of_services_that_write_them_as_texts():
    found = answered("backup", "StartBackupJob", _BACKUP, b'{"BackupJobId":"b","CreationDate":1547127924}')
    assert found.response_elements["creationDate"] == "Jan 10, 2019, 1:45:24 PM"


def test_no_parameters_are_null():
    assert _request("apigateway", "GetRestApis", {}) is None
    assert _request("sts", "GetCallerIdentity", {}) is None
    assert _request("rds", "DescribeDBParameterGroups", {}) is None


def test_bytes_are_left_out():
    assert _request("kms", "Decrypt", {"CiphertextBlob": b"abc"}) == {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    found = _request("lambda", "UpdateFunctionCode", {"FunctionName": "f", "ZipFile": b"abc", "Publish": True})
    assert found == {"functionName": "f", "publish": True, "dryRun": False}


def test_what_the_service_adds_stands_beside_what_the_caller_sent():
    asked = {"UserName": "u", "Password": "x"}
    assert _request("iam", "CreateLoginProfile", asked) == {"userName": "u", "passwordResetRequired": False}
    reset = _request("iam", "CreateLoginProfile", {**asked, "PasswordResetRequired": True})
    assert reset == {"userName": "u", "passwordResetRequired": True}
    key = {"InstanceId": "i-1234567890abcdef0", "SSHPublicKey": "ssh-rsa AAAA"}
    found = _request("ec2-instance-connect", "SendSerialConsoleSSHPublicKey", key)
    assert (found["serialPort"], found["monitorMode"]) == (0, False)


def test_sensitive_members_are_hidden():
    found = _request(
        "rolesanywhere", "CreateProfile", {"name": "p", "roleArns": [], "tags": [{"key": "a", "value": "b"}]}
    )
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert found["tags"] == [{"key": hidden, "value": hidden}]


def test_secrets_never_stand_in_parameters():
    calls = [
        ("iam", "CreateLoginProfile", {"UserName": "dana", "Password": "SECRET1"}),
        ("rds", "CreateDBInstance", {"DBInstanceIdentifier": "d", "MasterUserPassword": "SECRET1"}),
        ("secretsmanager", "CreateSecret", {"Name": "s", "SecretString": "SECRET1"}),
        ("ssm", "PutParameter", {"Name": "p", "Value": "SECRET1"}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Environment": {"Variables": {"A": "SECRET1"}}}),
        ("ec2", "RunInstances", {"MinCount": 1, "MaxCount": 1, "UserData": "SECRET1"}),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateName": "t", "LaunchTemplateData": {"UserData": "SECRET1"}}),
        ("sns", "Publish", {"TopicArn": "t", "Message": "SECRET1"}),
        ("cognito-idp", "InitiateAuth", {"AuthFlow": "A", "ClientId": "c", "AuthParameters": {"PASSWORD": "SECRET1"}}),
        ("dynamodb", "PutItem", {"TableName": "T", "Item": {"a": {"S": "SECRET1"}}}),
    ]  # fmt: skip
    for service, name, parameters in calls:
        found = interpreted(service, name, parameters)
        assert found.unreadable is None and found.request_parameters is not None
        assert "SECRET1" not in str(found.request_parameters), (service, name)
        assert "SECRET1" not in repr(found)


def test_api_gateway_keeps_the_body_under_the_operations_input():
    stage = {"restApiId": "r", "stageName": "latest", "deploymentId": "d"}
    assert _request("apigateway", "CreateStage", stage) == {
        "restApiId": "r",
        "createStageInput": {"stageName": "latest", "deploymentId": "d"},
        "template": False,
    }
    found = _request("apigateway", "GetResource", {"restApiId": "r", "resourceId": "x"})
    assert found == {"restApiId": "r", "resourceId": "x", "template": False}


def test_dynamodb_items_show_keys_and_names_alone():
    found = _request("dynamodb", "GetItem", {"TableName": "T", "Key": {"pk": {"S": "a"}, "N": {"N": "1"}}})
    assert found == {"tableName": "T", "key": {"pk": "a", "N": "1"}}
    update = {
        "TableName": "T", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET #Y = :y",
        "ExpressionAttributeNames": {"#Y": "Year"}, "ExpressionAttributeValues": {":y": {"S": "SECRET"}},
    }  # fmt: skip
    assert _request("dynamodb", "UpdateItem", update) == {
        "tableName": "T",
        "key": {"pk": "a"},
        "updateExpression": "SET #Y = :y",
        "expressionAttributeNames": {"#Y": "Year"},
    }
    found = finish_parameters(
        "dynamodb",
        service_model("dynamodb").operation_model("TransactWriteItems"),
        {"transactItems": [{"put": {"tableName": "T", "item": {"pk": {"s": "a"}, "x": {"s": "SECRET"}}}}]},
    )
    assert found == {"requestItems": [{"operation": "Put", "tableName": "T", "items": ["pk", "x"]}]}
    found = _request("dynamodb", "ExecuteStatement", {"Statement": "SELECT * FROM T WHERE a = 'it''s' AND b = 1"})
    assert found == {"statement": "SELECT * FROM T WHERE a = ***(Redacted) AND b = 1"}


def test_times_as_java_writes_them():
    assert java_time(1688995609) == "Jul 10, 2023, 1:26:49 PM"
    assert java_time("2023-07-10T00:24:29Z", comma=False) == "Jul 10, 2023 12:24:29 AM"
    assert java_time("yesterday") == "yesterday"
    assert java_time(1e300) == 1e300
    assert epoch_milliseconds("2023-07-10T11:54:39.923Z") == 1688990079923


def test_every_service_compiles():
    for service in sorted(available_services())[::9]:
        model = service_model(service)
        for name in list(model.operation_names)[:3]:
            operation = model.operation_model(name)
            for shape in (operation.input_shape, operation.output_shape):
                assert shaper(service, shape, "json")({}) == {}
