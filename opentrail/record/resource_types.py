"""Which parameter of which service names a resource of which type: the tables behind the `Resources` of LookupEvents.

Each service has its things: a noun, as it begins the names of parameters, and the resource type. A noun stands for
the parameters noun+Name, noun+Id, noun+Arn, noun+Identifier (and their plurals), and for objects that are called noun,
whose own name, id and arn are meant then. What does not follow the pattern is listed by name. Names compare without
case, since the same member is written instanceId, InstanceId or dBInstanceIdentifier by different services.
"""

from dataclasses import dataclass, field

UNTYPED = ""  # listed, yet AWS gives it no type
BY_PREFIX = "?"  # the type is told by the value's prefix: `rtbassoc-...`

GENERIC_NAMES = frozenset({"name", "names", "id", "ids", "arn", "arns", "identifier"})
# Steps on the way to a value that carry no meaning of their own: lists of EC2 and of its newer, wrapped calls.
TRANSPARENT = frozenset({"content", "item", "items", "member", "members"})
_SUFFIXES = ("name", "names", "id", "ids", "arn", "arns", "identifier", "identifiers")
_CONTAINER_SUFFIXES = ("", "s", "set", "list", "description", "detail", "details", "metadata")

# Parts of parameters that hold labels, conditions, documents or values of users' own: nothing in them names a resource
# that the call is about.
_SKIPPED = """
    tags tag tagset taglist tagslist tagspecification tagspecificationset tagging filter filters filterset
    parameterfilters encryptioncontext bucketpolicy policy policydocument environment routeset ippermissions
    ippermissionsegress logging endpoint runtimeversionconfig statement capabilities lookupattributes errordocument
    cidrblockassociationset ipv6cidrblockassociationset
"""
SKIPPED = frozenset(_SKIPPED.split())

EC2_PREFIXES = {
    "acl": "AWS::EC2::NetworkAcl",
    "aclassoc": "AWS::EC2::SubnetNetworkAclAssociation",
    "ami": "AWS::EC2::Ami",
    "cgw": "AWS::EC2::CustomerGateway",
    "dopt": "AWS::EC2::DHCPOptions",
    "eipalloc": "AWS::EC2::EIP",
    "eipassoc": "AWS::EC2::EIPAssociation",
    "eni": "AWS::EC2::NetworkInterface",
    "fl": "AWS::EC2::FlowLog",
    "i": "AWS::EC2::Instance",
    "igw": "AWS::EC2::InternetGateway",
    "key": "AWS::EC2::KeyPair",
    "lt": "AWS::EC2::LaunchTemplate",
    "nat": "AWS::EC2::NatGateway",
    "pcx": "AWS::EC2::VPCPeeringConnection",
    "rtb": "AWS::EC2::RouteTable",
    "rtbassoc": "AWS::EC2::SubnetRouteTableAssociation",
    "sg": "AWS::EC2::SecurityGroup",
    "snap": "AWS::EC2::Snapshot",
    "subnet": "AWS::EC2::Subnet",
    "tgw": "AWS::EC2::TransitGateway",
    "vgw": "AWS::EC2::VPNGateway",
    "vol": "AWS::EC2::Volume",
    "vpc": "AWS::EC2::VPC",
    "vpce": "AWS::EC2::VPCEndpoint",
    "vpn": "AWS::EC2::VPNConnection",
}


@dataclass(frozen=True, slots=True)
class ServiceTypes:
    """The tables of one service, keyed in lower case.

    `parameters`: parameter to type. `containers`: name of an object, or of a list of objects, to the type that their
    own name, id and arn have. `things`: noun to type, to tell from an event name (CreateTrail) what its `name` is.
    `default`: the type of a bare `name` where the event name does not tell. `map_keys`: parameters whose keys are
    names.
    `answers_unread`: calls whose answers add nothing that AWS lists. `by_arn`: whether ARNs in other parameters count.
    """

    parameters: dict[str, str]
    containers: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)
    default: str | None = None
    map_keys: dict[str, str] = field(default_factory=dict)
    answers_unread: frozenset[str] = frozenset()
    by_arn: bool = True


_EVERYWHERE = {
    "bucketname": "AWS::S3::Bucket",
    "kmskeyarn": "AWS::KMS::Key",
    "kmskeyid": "AWS::KMS::Key",
    "kmsmasterkeyid": "AWS::KMS::Key",
    "loggroupname": "AWS::Logs::LogGroup",
    "rolearn": "AWS::IAM::Role",
    "rolearns": "AWS::IAM::Role",
    "s3bucket": "AWS::S3::Bucket",
    "s3bucketname": "AWS::S3::Bucket",
    "securitygroupid": "AWS::EC2::SecurityGroup",
    "securitygroupids": "AWS::EC2::SecurityGroup",
    "subnetid": "AWS::EC2::Subnet",
    "subnetidentifier": "AWS::EC2::Subnet",
    "subnetids": "AWS::EC2::Subnet",
    "topicarn": "AWS::SNS::Topic",
    "vpcid": "AWS::EC2::VPC",
    "vpcsecuritygroupid": "AWS::EC2::SecurityGroup",
    "vpcsecuritygroupids": "AWS::EC2::SecurityGroup",
}


def service_types(
    things: dict[str, str],
    parameters: dict[str, str] | None = None,
    *,
    default: str | None = None,
    map_keys: dict[str, str] | None = None,
    answers_unread: frozenset[str] = frozenset(),
    everywhere: bool = True,
) -> ServiceTypes:
    """The tables that follow from a service's nouns; `parameters` adds to them and overrides them.

    With `everywhere` false, neither the parameters that all services share nor ARNs in other parameters count.
    """
    lowered = {noun.lower(): kind for noun, kind in things.items()}
    names = dict(_EVERYWHERE) if everywhere else {}
    containers: dict[str, str] = {}
    for noun, kind in lowered.items():
        names.update({noun + suffix: kind for suffix in _SUFFIXES})
        containers.update({noun + suffix: kind for suffix in _CONTAINER_SUFFIXES})
    names.update({name.lower(): kind for name, kind in (parameters or {}).items()})
    keys = {name.lower(): kind for name, kind in (map_keys or {}).items()}
    return ServiceTypes(names, containers, lowered, default, keys, answers_unread, everywhere)


UNKNOWN_SERVICE = ServiceTypes(dict(_EVERYWHERE))

# Calls that agents make about their own machine all day; AWS lists nothing for them.
_AGENT_CALLS = """
    DescribeDocument GetDeployablePatchSnapshotForInstance GetDocument ListInstanceAssociations PutComplianceItems
    PutConfigurePackageResult PutInventory RequestManagedInstanceRoleToken UpdateAssociationStatus
    UpdateInstanceAssociationStatus UpdateInstanceInformation
"""
UNLISTED_CALLS = frozenset(("ssm.amazonaws.com", name) for name in _AGENT_CALLS.split())
