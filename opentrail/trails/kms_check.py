"""Whether a trail's files can be encrypted with a KMS key: it exists, is in use, and its policy lets CloudTrail."""

import re
from typing import Any, Final

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.arn import parse_arn
from opentrail.catalog.trails import Trail
from opentrail.trails.clients import S3_ERRORS, SERVICE, Clients, refusal_code
from opentrail.trails.faults import InsufficientKeyPolicy, InvalidKeyId, KeyNotFound, KeyUnusable
from opentrail.trails.naming import is_region

_ALIAS: Final = re.compile(r"alias/(?!aws)[A-Za-z0-9/_-]{1,250}")
_KEY: Final = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_REFUSED_AS: Final = {"AccessDeniedException": InsufficientKeyPolicy, "KMSInvalidStateException": KeyUnusable}


class KmsCheck:
    """Checks keys."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def check(self, key_id: str, trail: Trail) -> str:
        """The full ARN of the key that an id, alias or ARN means.

        Raises InvalidKeyId, KeyNotFound, KeyUnusable, InsufficientKeyPolicy, DestinationUnknown.
        """
        region = _region(key_id, trail.home_region)
        client = self._clients.client("kms", trail.account, region)
        try:
            key = client.describe_key(KeyId=key_id)["KeyMetadata"]
            arn = str(key["Arn"])
            _require_usable(key)
            if not self._clients.as_service:
                return arn
            text = client.get_key_policy(KeyId=key["Arn"], PolicyName="default")["Policy"]
        except S3_ERRORS as error:
            code = refusal_code(error, f"KMS key {key_id}")
            raise _REFUSED_AS.get(code, KeyNotFound)(f"KMS key {key_id}: {code}") from error
        if not _allows(text, arn, trail):
            raise InsufficientKeyPolicy(f"Insufficient permissions to access KMS key {arn}.")
        return arn


def _region(key_id: str, home_region: str) -> str:
    """Where the key is looked up. Raises InvalidKeyId where this is none of the forms that name a key."""
    arn = parse_arn(key_id)
    if arn is None:
        if not _ALIAS.fullmatch(key_id) and not _KEY.fullmatch(key_id):
            raise InvalidKeyId(f"KMS key ID {key_id} is not valid.")
        return home_region
    name = arn.resource.removeprefix("key/")
    if (
        arn.service != "kms"
        or not is_region(arn.region)
        or not (_ALIAS.fullmatch(arn.resource) or _KEY.fullmatch(name))
    ):
        raise InvalidKeyId(f"KMS key ID {key_id} is not valid.")
    return arn.region


def _require_usable(key: dict[str, Any]) -> None:
    if key.get("KeyState", "Enabled") != "Enabled":
        raise KeyUnusable(f"KMS key {key['Arn']} is {key['KeyState']}.")
    if key.get("KeySpec", key.get("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT")) != "SYMMETRIC_DEFAULT":
        raise KeyUnusable(f"KMS key {key['Arn']} is not a symmetric encryption key.")


def _allows(text: str, arn: str, trail: Trail) -> bool:
    """Whether CloudTrail may make data keys for the trail; in a key's policy `*` is the key itself."""
    context: dict[str, str | tuple[str, ...]] = {
        "aws:SourceArn": trail.arn,
        "aws:SourceAccount": trail.account,
        "aws:PrincipalIsAWSService": "true",
        "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn,
        "kms:EncryptionContextKeys": ("aws:cloudtrail:arn", "aws:s3:arn"),
    }
    request = Request(Caller(service=SERVICE), "kms:GenerateDataKey", arn, context)
    try:
        return evaluate([read_policy(text)], request).allows
    except PolicyUnreadable:
        return False  # what cannot be read allows nothing
