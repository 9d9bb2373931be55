"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: for event data stores, channels and dashboards."""

from collections.abc import Mapping
from typing import Any

from opentrail.accounts.faults import InvalidResourceArn, PolicyResourceNotFound, ResourcePolicyNotFound
from opentrail.accounts.organizations import KnownOrganization
from opentrail.accounts.owned_resources import OwnedResource, OwnedResources, require_policy_kind
from opentrail.accounts.resource_policy import check_resource_policy, delegated_admin_policy
from opentrail.api.call import Asked, Room
from opentrail.catalog.resource_policies import ResourcePolicies


class ResourcePoliciesRoom:
    """Sets, shows and takes away policies of resources that `resources` finds."""

    def __init__(self, policies: ResourcePolicies, resources: OwnedResources, organization: KnownOrganization) -> None:
        self._policies = policies
        self._resources = resources
        self._organization = organization

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers."""
        return {
            "PutResourcePolicy": Room(self.put),
            "GetResourcePolicy": Room(self.get),
            "DeleteResourcePolicy": Room(self.delete),
        }

    def put(self, asked: Asked) -> dict[str, Any]:
        """The policy of the resource from now on, instead of the one it had."""
        resource = self._named(asked)
        text = asked.parameters["ResourcePolicy"]
        check_resource_policy(resource.arn, text)
        self._policies.put(resource.arn, text)
        return self._described(resource, text)

    def get(self, asked: Asked) -> dict[str, Any]:
        """The policy as it was put, and the one that delegated administrators have besides."""
        resource = self._named(asked)
        described = self._described(resource, self._policies.of(resource.arn))
        if described["ResourcePolicy"] is None and described["DelegatedAdminResourcePolicy"] is None:
            raise ResourcePolicyNotFound(f"{resource.arn} has no policy.")
        return described

    def delete(self, asked: Asked) -> dict[str, Any]:
        """The resource has no policy any more, but the one of delegated administrators."""
        resource = self._named(asked)
        if not self._policies.remove(resource.arn):
            raise ResourcePolicyNotFound(f"{resource.arn} has no policy.")
        return {}

    def _named(self, asked: Asked) -> OwnedResource:
        arn = require_policy_kind(asked.parameters["ResourceArn"])
        if arn.account != asked.owner:
            raise InvalidResourceArn(
                f"AccountID in ARN is wrong, you can only access resources with AccountID {asked.owner}."
            )
        if arn.region != asked.region:
            raise InvalidResourceArn(f"Region in ARN is wrong, you can only access resources in region {asked.region}.")
        found = self._resources.find(str(arn))
        if found is None:
            raise PolicyResourceNotFound(f"{arn} does not exist.")
        return found

    def _described(self, resource: OwnedResource, policy: str | None) -> dict[str, Any]:
        delegated = None
        if resource.organization_id is not None:
            delegated = delegated_admin_policy(resource.arn, self._organization())
        return {
            "ResourceArn": resource.arn,
            "ResourcePolicy": policy,
            "DelegatedAdminResourcePolicy": delegated,
        }
