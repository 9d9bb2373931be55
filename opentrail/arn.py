"""Amazon Resource Names: taking them apart and putting them together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`; region and account may be empty."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = "aws"

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The parts of `text`, or None where it is no ARN."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2]:
        return None
    return Arn(partition=parts[1], service=parts[2], region=parts[3], account=parts[4], resource=parts[5])
