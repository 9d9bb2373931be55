"""The organization as an upstream's Organizations API tells it."""

from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from opentrail.catalog.organizations import StoredOrganization
from opentrail.recorder.look_ups.asking import UpstreamLookUps, client_at
from opentrail.telemetry import logger

_LOG = logger("recorder")
_SERVICE: Final = "organizations"
_TRUSTED: Final = "cloudtrail.amazonaws.com"


class NotTold(Exception):
    """The upstream did not say: what it said last holds."""


def told_organization(look_ups: UpstreamLookUps, account: str) -> StoredOrganization | None:
    """The organization that `account` belongs to; None where it belongs to none. Waits for the network.

    Members are the accounts that are ACTIVE. Raises NotTold.
    """
    door = look_ups.door(_SERVICE, account)
    if door is None:
        raise NotTold
    client = client_at(door)
    try:
        described = client.describe_organization()["Organization"]
        accounts = [
            str(one["Id"])
            for page in client.get_paginator("list_accounts").paginate()
            for one in page["Accounts"]
            if one.get("Status", "ACTIVE") == "ACTIVE"
        ]
        trusted = _trusts_cloudtrail(client)
    except ClientError as refusal:
        if refusal.response.get("Error", {}).get("Code") == "AWSOrganizationsNotInUseException":
            return None
        _LOG.warning("organization not told", action="organization", error=str(refusal))
        raise NotTold from refusal
    except (BotoCoreError, ValueError, LookupError) as failure:
        _LOG.warning("organization not told", action="organization", error=type(failure).__name__)
        raise NotTold from failure
    manager = str(described["MasterAccountId"])
    return StoredOrganization(
        id=str(described["Id"]),
        management_account=manager,
        members=tuple(sorted(set(accounts) - {manager})),
        all_features=described.get("FeatureSet") == "ALL",
        trusts_cloudtrail=trusted,
    )


def _trusts_cloudtrail(client: Any) -> bool:
    pages = client.get_paginator("list_aws_service_access_for_organization").paginate()
    return any(one.get("ServicePrincipal") == _TRUSTED for page in pages for one in page["EnabledServicePrincipals"])
