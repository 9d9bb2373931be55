"""EC2's operations of the SOAP days: how their lists are named in records, and which are shown when empty.

CloudTrail writes a call of these operations as the SOAP message would have been: `Filter.1` of the Query protocol is
`filterSet: {items: [..]}`. Operations that are newer than SOAP are written in another way (see `ec2.py`).

An entry is `Wire=set/element`: the Query name of the list, its name in records and the name of the one member of an
item (`{"instanceId": "i-1"}`); without an element the items are structures. `!` marks sets that are written as `{}`
when the caller gave none. Source: the message types of EC2's WSDL of 2015-03-01 and AWS's records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SETS: Final[Mapping[str, str]] = {
    "AcceptVpcPeeringConnection": "",
    "AllocateAddress": "",
    "AssignPrivateIpAddresses": "PrivateIpAddress=privateIpAddressesSet/privateIpAddress",
    "AssociateAddress": "",
    "AssociateDhcpOptions": "",
    "AssociateRouteTable": "",
    "AttachClassicLinkVpc": "SecurityGroupId=groupSet/groupId",
    "AttachInternetGateway": "",
    "AttachNetworkInterface": "",
    "AttachVolume": "",
    "AttachVpnGateway": "",
    "AuthorizeSecurityGroupEgress": "IpPermissions=ipPermissions!",
    "AuthorizeSecurityGroupIngress": "IpPermissions=ipPermissions!",
    "BundleInstance": "",
    "CancelBundleTask": "",
    "CancelConversionTask": "",
    "CancelExportTask": "",
    "CancelReservedInstancesListing": "",
    "CancelSpotInstanceRequests": "SpotInstanceRequestId=spotInstanceRequestIdSet/spotInstanceRequestId",
    "ConfirmProductInstance": "",
    "CopyImage": "",
    "CopySnapshot": "",
    "CreateCustomerGateway": "",
    "CreateDhcpOptions": "DhcpConfiguration=dhcpConfigurationSet",
    "CreateImage": "BlockDeviceMapping=blockDeviceMapping!",
    "CreateInstanceExportTask": "",
    "CreateKeyPair": "",
    "CreateInternetGateway": "",
    "CreateNetworkAcl": "",
    "CreateNetworkAclEntry": "",
    "CreateNetworkInterface": (
        "PrivateIpAddresses=privateIpAddressesSet! "
        "SecurityGroupId=groupSet/groupId! "
        "Ipv6Addresses=ipv6AddressesSet/ipv6Address"
    ),
    "CreatePlacementGroup": "",
    "CreateReservedInstancesListing": "PriceSchedules=priceSchedules",
    "CreateRoute": "",
    "CreateRouteTable": "",
    "CreateSecurityGroup": "",
    "CreateSnapshot": "",
    "CreateSpotDatafeedSubscription": "",
    "CreateSubnet": "",
    "CreateTags": "ResourceId=resourcesSet/resourceId Tag=tagSet",
    "CreateVolume": "",
    "CreateVpc": "",
    "CreateVpcPeeringConnection": "",
    "CreateVpnConnection": "",
    "CreateVpnConnectionRoute": "",
    "CreateVpnGateway": "",
    "DeleteCustomerGateway": "",
    "DeleteDhcpOptions": "",
    "DeleteInternetGateway": "",
    "DeleteKeyPair": "",
    "DeleteNetworkAcl": "",
    "DeleteNetworkAclEntry": "",
    "DeleteNetworkInterface": "",
    "DeletePlacementGroup": "",
    "DeleteRoute": "",
    "DeleteRouteTable": "",
    "DeleteSecurityGroup": "",
    "DeleteSnapshot": "",
    "DeleteSpotDatafeedSubscription": "",
    "DeleteSubnet": "",
    "DeleteTags": "ResourceId=resourcesSet/resourceId Tag=tagSet",
    "DeleteVolume": "",
    "DeleteVpc": "",
    "DeleteVpcPeeringConnection": "",
    "DeleteVpnConnection": "",
    "DeleteVpnConnectionRoute": "",
    "DeleteVpnGateway": "",
    "DeregisterImage": "",
    "DescribeAccountAttributes": "AttributeName=accountAttributeNameSet/attributeName!",
    "DescribeAddresses": (
        "PublicIp=publicIpsSet/publicIp! Filter=filterSet! AllocationId=allocationIdsSet/allocationId!"
    ),
    "DescribeAvailabilityZones": (
        "ZoneName=availabilityZoneSet/zoneName! Filter=filterSet ZoneId=availabilityZoneIdSet/zoneId!"
    ),
    "DescribeBundleTasks": "BundleId=bundlesSet/bundleId! Filter=filterSet!",
    "DescribeClassicLinkInstances": "InstanceId=instancesSet/instanceId! Filter=filterSet!",
    "DescribeConversionTasks": "ConversionTaskId=conversionTaskIdSet/conversionTaskId!",
    "DescribeCustomerGateways": "CustomerGatewayId=customerGatewaySet/customerGatewayId! Filter=filterSet!",
    "DescribeDhcpOptions": "DhcpOptionsId=dhcpOptionsSet/dhcpOptionsId! Filter=filterSet!",
    "DescribeExportTasks": "ExportTaskId=exportTaskIdSet/exportTaskId! Filter=filterSet!",
    "DescribeImageAttribute": "",
    "DescribeImages": (
        "ExecutableBy=executableBySet/user! ImageId=imagesSet/imageId! Owner=ownersSet/owner! Filter=filterSet!"
    ),
    "DescribeInstanceAttribute": "",
    "DescribeInstanceStatus": "InstanceId=instancesSet/instanceId! Filter=filterSet!",
    "DescribeInstances": "InstanceId=instancesSet/instanceId! Filter=filterSet!",
    "DescribeInternetGateways": "InternetGatewayId=internetGatewayIdSet/internetGatewayId! Filter=filterSet!",
    "DescribeKeyPairs": "KeyName=keySet/keyName! Filter=filterSet! KeyPairId=keyPairIdSet/keyPairId!",
    "DescribeNetworkAcls": "NetworkAclId=networkAclIdSet/networkAclId! Filter=filterSet!",
    "DescribeNetworkInterfaceAttribute": "",
    "DescribeNetworkInterfaces": "NetworkInterfaceId=networkInterfaceIdSet/networkInterfaceId! Filter=filterSet!",
    "DescribePlacementGroups": (
        "GroupName=placementGroupSet/groupName! Filter=filterSet! GroupId=placementGroupIdSet/groupId!"
    ),
    "DescribeRegions": "RegionName=regionSet/regionName! Filter=filterSet",
    "DescribeReservedInstances": "ReservedInstancesId=reservedInstancesSet/reservedInstancesId! Filter=filterSet!",
    "DescribeReservedInstancesListings": "Filter=filterSet!",
    "DescribeReservedInstancesModifications": (
        "ReservedInstancesModificationId=reservedInstancesModificationIdSet/reservedInstancesModificationId! "
        "Filter=filterSet!"
    ),
    "DescribeReservedInstancesOfferings": (
        "ReservedInstancesOfferingId=reservedInstancesOfferingsSet/reservedInstancesOfferingId! Filter=filterSet!"
    ),
    "DescribeRouteTables": "RouteTableId=routeTableIdSet/routeTableId! Filter=filterSet!",
    "DescribeSecurityGroups": (
        "GroupId=securityGroupIdSet/groupId! GroupName=securityGroupSet/groupName! Filter=filterSet!"
    ),
    "DescribeSnapshotAttribute": "",
    "DescribeSnapshots": (
        "Owner=ownersSet/owner! RestorableBy=sharedUsersSet/user! SnapshotId=snapshotSet/snapshotId! Filter=filterSet!"
    ),
    "DescribeSpotDatafeedSubscription": "",
    "DescribeSpotInstanceRequests": (
        "SpotInstanceRequestId=spotInstanceRequestIdSet/spotInstanceRequestId! Filter=filterSet!"
    ),
    "DescribeSpotPriceHistory": (
        "InstanceType=instanceTypeSet/instanceType! "
        "ProductDescription=productDescriptionSet/productDescription! "
        "Filter=filterSet!"
    ),
    "DescribeSubnets": "Filter=filterSet! SubnetId=subnetSet/subnetId!",
    "DescribeTags": "Filter=filterSet!",
    "DescribeVolumeAttribute": "",
    "DescribeVolumeStatus": "VolumeId=volumeSet/volumeId! Filter=filterSet!",
    "DescribeVolumes": "VolumeId=volumeSet/volumeId! Filter=filterSet!",
    "DescribeVpcAttribute": "",
    "DescribeVpcClassicLink": "VpcId=vpcSet/vpcId! Filter=filterSet!",
    "DescribeVpcPeeringConnections": (
        "VpcPeeringConnectionId=vpcPeeringConnectionIdSet/vpcPeeringConnectionId! Filter=filterSet!"
    ),
    "DescribeVpcs": "Filter=filterSet! VpcId=vpcSet/vpcId!",
    "DescribeVpnConnections": "Filter=filterSet! VpnConnectionId=vpnConnectionSet/vpnConnectionId!",
    "DescribeVpnGateways": "Filter=filterSet! VpnGatewayId=vpnGatewaySet/vpnGatewayId!",
    "DetachClassicLinkVpc": "",
    "DetachInternetGateway": "",
    "DetachNetworkInterface": "",
    "DetachVolume": "",
    "DetachVpnGateway": "",
    "DisableVgwRoutePropagation": "",
    "DisableVpcClassicLink": "",
    "DisassociateAddress": "",
    "DisassociateRouteTable": "",
    "EnableVgwRoutePropagation": "",
    "EnableVolumeIO": "",
    "EnableVpcClassicLink": "",
    "GetConsoleOutput": "",
    "GetPasswordData": "",
    "ImportInstance": "DiskImage=diskImageSet",
    "ImportKeyPair": "",
    "ImportVolume": "",
    "ModifyImageAttribute": "",
    "ModifyInstanceAttribute": "GroupId=groupSet/groupId BlockDeviceMapping=blockDeviceMapping",
    "ModifyNetworkInterfaceAttribute": "SecurityGroupId=groupSet/groupId",
    "ModifyReservedInstances": (
        "ReservedInstancesId=reservedInstancesSet/reservedInstancesId "
        "ReservedInstancesConfigurationSetItemType=reservedInstancesConfigurationSet"
    ),
    "ModifySnapshotAttribute": "",
    "ModifySubnetAttribute": "",
    "ModifyVolumeAttribute": "",
    "ModifyVpcAttribute": "",
    "MonitorInstances": "InstanceId=instancesSet/instanceId",
    "PurchaseReservedInstancesOffering": "",
    "RebootInstances": "InstanceId=instancesSet/instanceId",
    "RegisterImage": "BlockDeviceMapping=blockDeviceMapping",
    "RejectVpcPeeringConnection": "",
    "ReleaseAddress": "",
    "ReplaceNetworkAclAssociation": "",
    "ReplaceNetworkAclEntry": "",
    "ReplaceRoute": "",
    "ReplaceRouteTableAssociation": "",
    "ReportInstanceStatus": "InstanceId=instancesSet/instanceId ReasonCode=reasonCodesSet/reasonCode",
    "RequestSpotInstances": "",
    "ResetImageAttribute": "",
    "ResetInstanceAttribute": "",
    "ResetNetworkInterfaceAttribute": "",
    "ResetSnapshotAttribute": "",
    "RevokeSecurityGroupEgress": (
        "IpPermissions=ipPermissions! SecurityGroupRuleId=securityGroupRuleIdSet/securityGroupRuleId"
    ),
    "RevokeSecurityGroupIngress": (
        "IpPermissions=ipPermissions! SecurityGroupRuleId=securityGroupRuleIdSet/securityGroupRuleId"
    ),
    "RunInstances": (
        "BlockDeviceMapping=blockDeviceMapping! "
        "SecurityGroupId=groupSet/groupId "
        "SecurityGroup=groupSet/groupName "
        "NetworkInterface=networkInterfaceSet "
        "Ipv6Address=ipv6AddressesSet/ipv6Address"
    ),
    "StartInstances": "InstanceId=instancesSet/instanceId",
    "StopInstances": "InstanceId=instancesSet/instanceId",
    "TerminateInstances": "InstanceId=instancesSet/instanceId",
    "UnassignPrivateIpAddresses": "PrivateIpAddress=privateIpAddressesSet/privateIpAddress",
    "UnmonitorInstances": "InstanceId=instancesSet/instanceId",
}


@dataclass(frozen=True, slots=True)
class ListName:
    """How one list of an operation is written."""

    wire: str
    name: str
    element: str | None  # None: items are structures
    shown_empty: bool


def _list_name(entry: str) -> ListName:
    wire, _, rest = entry.rstrip("!").partition("=")
    name, _, element = rest.partition("/")
    return ListName(wire, name, element or None, entry.endswith("!"))


SOAP_LISTS: Final[Mapping[str, Mapping[str, ListName]]] = {
    operation: {name.wire: name for name in map(_list_name, entries.split())} for operation, entries in _SETS.items()
}
"""Operation -> Query name of a list -> how it is written. Having an entry makes an operation one of the SOAP days."""

# Lists inside structures, by the Query name of the structure's member and of the list.
INNER_LISTS: Final[Mapping[str, ListName]] = {
    "IpRanges": ListName("IpRanges", "ipRanges", None, True),
    "Ipv6Ranges": ListName("Ipv6Ranges", "ipv6Ranges", None, True),
    "PrefixListIds": ListName("PrefixListIds", "prefixListIds", None, True),
    "Groups": ListName("Groups", "groups", None, True),
    "Value": ListName("Value", "valueSet", "value", False),
    "SecurityGroupId": ListName("SecurityGroupId", "groupSet", "groupId", False),
    "SecurityGroup": ListName("SecurityGroup", "groupSet", "groupName", False),
    "PrivateIpAddresses": ListName("PrivateIpAddresses", "privateIpAddressesSet", None, False),
    "BlockDeviceMapping": ListName("BlockDeviceMapping", "blockDeviceMapping", None, False),
    "NetworkInterface": ListName("NetworkInterface", "networkInterfaceSet", None, False),
    "Add": ListName("Add", "add", None, False),
    "Remove": ListName("Remove", "remove", None, False),
}

# Members of operations with another name than their Query one with its first letter lowered.
RENAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "CreateNetworkAclEntry": {"Protocol": "aclProtocol", "Icmp": "icmpTypeCode"},
    "ReplaceNetworkAclEntry": {"Protocol": "aclProtocol", "Icmp": "icmpTypeCode"},
    "CreateVolume": {"AvailabilityZone": "zone"},
}

# What AWS writes although the caller may have left it out: the service's defaults.
DEFAULTS: Final[Mapping[str, Mapping[str, object]]] = {
    "DescribeAccountAttributes": {"filterSet": {}},
    "CreateImage": {"noReboot": False},
    "CreateNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "CreateVpc": {"instanceTenancy": "default", "amazonProvidedIpv6CidrBlock": False},
    "DeleteSnapshot": {"force": False},
    "DeleteVolume": {"reportVolumeFailure": False},
    "DescribeInstanceStatus": {"includeAllInstances": False},
    "DescribeKeyPairs": {"includePublicKey": False},
    "ReplaceNetworkAclEntry": {"icmpTypeCode": {}, "portRange": {}},
    "RunInstances": {
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
    "StopInstances": {"force": False},
}
