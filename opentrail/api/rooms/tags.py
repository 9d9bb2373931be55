"""AddTags, RemoveTags and ListTags."""

from collections.abc import Mapping
from typing import Any

from opentrail import limits
from opentrail.api.call import Asked, Room
from opentrail.api.faults import InvalidToken
from opentrail.catalog.tags import Tag
from opentrail.trails.faults import InvalidParameter, InvalidTag
from opentrail.trails.tagging import Tagging


class TagsRoom:
    """Sets, removes and shows tags."""

    def __init__(self, tagging: Tagging) -> None:
        self._tagging = tagging

    @property
    def rooms(self) -> Mapping[str, Room]:
        """The operations that this room answers, with the fault of their own."""
        closer = {"TagsList": InvalidTag}
        return {
            "AddTags": Room(self.add_tags, closer),
            "RemoveTags": Room(self.remove_tags, closer),
            "ListTags": Room(self.list_tags),
        }

    def add_tags(self, asked: Asked) -> dict[str, Any]:
        """Equal keys get the new value."""
        tags = [Tag(tag["Key"], tag.get("Value")) for tag in asked.parameters["TagsList"]]
        self._tagging.add(asked.parameters["ResourceId"], tags, asked.account, asked.region)
        return {}

    def remove_tags(self, asked: Asked) -> dict[str, Any]:
        """By key, whatever the value."""
        keys = [tag["Key"] for tag in asked.parameters["TagsList"]]
        self._tagging.remove(asked.parameters["ResourceId"], keys, asked.account, asked.region)
        return {}

    def list_tags(self, asked: Asked) -> dict[str, Any]:
        """The tags of each resource, in one page."""
        if asked.parameters.get("NextToken"):
            raise InvalidToken
        arns = asked.parameters["ResourceIdList"]
        if len(arns) > limits.TAGGED_RESOURCES_LISTED:
            raise InvalidParameter(f"Specify at most {limits.TAGGED_RESOURCES_LISTED} resources.")
        found = {arn: self._tagging.listed(arn, asked.account, asked.region) for arn in arns}
        return {
            "ResourceTagList": [
                {"ResourceId": arn, "TagsList": [{"Key": tag.key, "Value": tag.value} for tag in tags]}
                for arn, tags in found.items()
            ]
        }
