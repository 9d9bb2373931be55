"""How calls of EC2 are written down: sets, filters, and the requests and answers of its SOAP days."""

from opentrail.recorder.shapes.ec2_lists import SOAP_LISTS
from opentrail.wire.service_models import service_model
from tests.recorder.calls import answered, interpreted


def _request(name, parameters):
    return interpreted("ec2", name, parameters).request_parameters


def test_sets_and_filters():
    found = _request("DescribeInstances", {"InstanceIds": ["i-1", "i-2"], "Filters": [{"Name": "a", "Values": ["b"]}]})
    assert found == {
        "instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]},
        "filterSet": {"items": [{"name": "a", "valueSet": {"items": [{"value": "b"}]}}]},
    }


def test_empty_sets_are_empty_objects():
    assert _request("DescribeVpcs", {}) == {"vpcSet": {}, "filterSet": {}}
    assert _request("DescribeImages", {}) == {"executableBySet": {}, "imagesSet": {}, "ownersSet": {}, "filterSet": {}}


def test_run_instances():
    found = _request(
        "RunInstances",
        {
            "ImageId": "ami-1", "MinCount": 1, "MaxCount": 2, "KeyName": "k", "InstanceType": "t3.micro",
            "SecurityGroupIds": ["sg-1"], "SecurityGroups": ["web"], "Placement": {"AvailabilityZone": "eu-west-1a"},
            "UserData": "secret",
            "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8}}],
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-2"]}],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "x"}]}],
            "ClientToken": "t",
        },
    )  # fmt: skip
    assert found == {
        "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 2, "keyName": "k"}]},
        "instanceType": "t3.micro",
        "groupSet": {"items": [{"groupId": "sg-1"}, {"groupName": "web"}]},
        "availabilityZone": "eu-west-1a",
        "userData": "<sensitiveDataRemoved>",
        "blockDeviceMapping": {"items": [{"deviceName": "/dev/sda1", "ebs": {"volumeSize": 8}}]},
        "networkInterfaceSet": {"items": [{"deviceIndex": 0, "groupSet": {"items": [{"groupId": "sg-2"}]}}]},
        "tagSpecificationSet": {
            "items": [{"resourceType": "instance", "tags": [{"key": "Name", "value": "x"}]}],
        },
        "clientToken": "t",
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    }


def test_permissions_of_groups_images_and_snapshots():
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    found = _request("AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", "IpPermissions": [rule]})
    assert found["ipPermissions"]["items"] == [
        {
            "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
            "groups": {}, "ipv6Ranges": {}, "prefixListIds": {},
        }
    ]  # fmt: skip
    found = _request("ModifyImageAttribute", {"ImageId": "ami-1", "LaunchPermission": {"Add": [{"UserId": "1"}]}})
    wanted = {"add": {"items": [{"userId": "1"}]}}
    assert found == {"imageId": "ami-1", "launchPermission": wanted, "attributeType": "launchPermission"}
    old_way = {"SnapshotId": "s", "Attribute": "createVolumePermission", "OperationType": "add", "UserIds": ["1"]}
    assert _request("ModifySnapshotAttribute", old_way) == {
        "snapshotId": "s",
        "createVolumePermission": wanted,
        "attributeType": "CREATE_VOLUME_PERMISSION",
    }


def test_operations_after_soap_stand_under_their_request():
    found = _request("DescribeNatGateways", {"Filter": [{"Name": "vpc-id", "Values": ["v-1"]}], "MaxResults": 5})
    assert found == {
        "DescribeNatGatewaysRequest": {
            "Filter": {"Name": "vpc-id", "Value": {"tag": 1, "content": "v-1"}, "tag": 1},
            "MaxResults": 5,
        }
    }
    assert _request("DescribeEgressOnlyInternetGateways", {}) == {"DescribeEgressOnlyInternetGatewaysRequest": ""}
    found = _request("CreateNatGateway", {"SubnetId": "s", "TagSpecifications": [
        {"ResourceType": "natgateway", "Tags": [{"Key": "a", "Value": "true"}, {"Key": "b", "Value": "c"}]}
    ]})  # fmt: skip
    assert found["CreateNatGatewayRequest"]["TagSpecification"] == {
        "ResourceType": "natgateway",
        "tag": 1,
        "Tag": [{"Key": "a", "Value": True, "tag": 1}, {"Key": "b", "Value": "c", "tag": 2}],
    }


def test_answers_of_the_soap_days():
    body = b"""<CreateVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><vpc>
      <vpcId>vpc-1</vpcId><isDefault>false</isDefault><tagSet><item><key>a</key><value>true</value></item></tagSet>
      <ipv6CidrBlockAssociationSet/></vpc></CreateVpcResponse>"""
    found = answered("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, body)
    assert found.response_elements == {
        "requestId": "r",
        "vpc": {
            "vpcId": "vpc-1",
            "isDefault": False,
            "tagSet": {"items": [{"key": "a", "value": "true"}]},
            "ipv6CidrBlockAssociationSet": {},
        },
    }
    assert found.request_id == "r"
    body = (
        b"<AttachInternetGatewayResponse><requestId>r</requestId><return>true</return></AttachInternetGatewayResponse>"
    )
    found = answered("ec2", "AttachInternetGateway", {"InternetGatewayId": "i", "VpcId": "v"}, body)
    assert found.response_elements == {"requestId": "r", "_return": True}


def test_times_sizes_and_secrets_of_answers():
    body = b"""<CreateVolumeResponse><requestId>r</requestId><volumeId>v</volumeId><size>1</size><iops>100</iops>
      <availabilityZone>z</availabilityZone><createTime>2023-07-10T12:10:25.000Z</createTime></CreateVolumeResponse>"""
    found = answered("ec2", "CreateVolume", {"Size": 1, "AvailabilityZone": "z"}, body)
    assert found.request_parameters == {"size": "1", "zone": "z"}
    assert found.response_elements == {
        "requestId": "r", "volumeId": "v", "size": "1", "iops": 100, "zone": "z", "createTime": 1688991025000,
    }  # fmt: skip
    body = b"<CreateKeyPairResponse><keyName>k</keyName><keyMaterial>-----BEGIN</keyMaterial></CreateKeyPairResponse>"
    found = answered("ec2", "CreateKeyPair", {"KeyName": "k"}, body)
    assert found.response_elements == {"keyName": "k", "keyMaterial": "<sensitiveDataRemoved>"}


def test_answers_after_soap_are_their_xml():
    body = b"""<CreateFlowLogsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
      <unsuccessful/><flowLogIdSet><item>fl-1</item></flowLogIdSet></CreateFlowLogsResponse>"""
    found = answered("ec2", "CreateFlowLogs", {"ResourceIds": ["v"], "ResourceType": "VPC"}, body)
    assert found.response_elements == {
        "CreateFlowLogsResponse": {
            "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
            "requestId": "r",
            "unsuccessful": "",
            "flowLogIdSet": {"item": "fl-1"},
        }
    }


def test_errors_say_whose_fault_it_was():
    body = b"<Response><Errors><Error><Code>VpcLimitExceeded</Code><Message>m</Message></Error></Errors></Response>"
    found = answered("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, body, 400)
    assert (found.error_code, found.error_message) == ("Client.VpcLimitExceeded", "m")
    assert found.request_parameters is not None and found.response_elements is None
    assert answered("ec2", "DescribeVpcs", {}, body, 503).error_code == "Server.VpcLimitExceeded"


def test_every_operation_of_the_soap_days_exists():
    assert set(SOAP_LISTS) <= set(service_model("ec2").operation_names)
