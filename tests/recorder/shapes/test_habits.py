"""Habits of single services in what their records show of a call."""

from tests.recorder.calls import answered, interpreted

_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:resize"


def _parameters(service, name, values):
    return interpreted(service, name, values).request_parameters


def test_code_updated_by_arn_shows_the_parts_of_the_arn():
    parts = {
        "arnPrefix": {"partition": "aws", "region": "eu-west-1", "account": "111122223333"},
        "relativeId": {"functionName": "resize"},
    }
    plain = _parameters("lambda", "UpdateFunctionCode", {"FunctionName": _ARN})
    assert plain["fullyQualifiedArn"] == {**parts, "functionQualifier": {}}
    qualified = _parameters("lambda", "UpdateFunctionCode", {"FunctionName": f"{_ARN}:live"})
    assert qualified["fullyQualifiedArn"] == {**parts, "functionQualifier": {"qualifier": "live"}}
    assert "fullyQualifiedArn" not in _parameters("lambda", "UpdateFunctionCode", {"FunctionName": "resize"})


def test_a_command_is_not_interactive_unless_it_says_so():
    asked = {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"]}
    assert _parameters("ssm", "SendCommand", asked)["interactive"] is False
    found = answered("ssm", "SendCommand", asked, b'{"Command": {"CommandId": "c"}}').response_elements
    assert found == {"command": {"commandId": "c", "interactive": False}}


def test_empty_elements_that_the_model_does_not_know_are_sets():
    body = b"<R><internetGateway><internetGatewayId>igw-1</internetGatewayId><association/></internetGateway></R>"
    found = answered("ec2", "CreateInternetGateway", {}, body).response_elements
    assert found["internetGateway"] == {"internetGatewayId": "igw-1", "association": {}}


def test_no_device_is_an_empty_element():
    mapping = {"DeviceName": "/dev/sdc", "NoDevice": ""}
    asked = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "BlockDeviceMappings": [mapping]}
    shown = _parameters("ec2", "RunInstances", asked)["blockDeviceMapping"]
    assert shown == {"items": [{"deviceName": "/dev/sdc", "noDevice": {}}]}


def test_statements_of_a_batch_are_request_items():
    asked = {"Statements": [{"Statement": "SELECT * FROM Music WHERE Artist = ?", "Parameters": [{"S": "SECRET1"}]}]}
    shown = _parameters("dynamodb", "BatchExecuteStatement", asked)
    assert shown == {"requestItems": [{"statement": "SELECT * FROM Music WHERE Artist = ?"}]}


def test_functions_show_the_defaults_of_their_service():
    asked = {"FunctionName": "f", "Role": "arn:aws:iam::111122223333:role/r", "Code": {"ZipFile": b"zip"}}
    shown = _parameters("lambda", "CreateFunction", asked)
    assert shown == {"functionName": "f", "role": asked["Role"], "code": {}, "publish": False, "environment": {}}
    assert _parameters("lambda", "UpdateFunctionCode", {"FunctionName": "f"})["dryRun"] is False


def test_contents_of_documents_are_hidden():
    shown = _parameters("ssm", "CreateDocument", {"Name": "d", "Content": "SECRET1"})
    assert shown == {"name": "d", "content": "HIDDEN_DUE_TO_SECURITY_REASONS"}
