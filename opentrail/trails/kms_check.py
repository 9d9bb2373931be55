"""Whether CloudTrail can encrypt with a KMS key for a trail or a store: it exists, is in use, its policy lets it."""

import re
from dataclasses import dataclass
from typing import Any, Final

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.arn import parse_arn
from opentrail.trails.clients import S3_ERRORS, SERVICE, Clients, refusal_code
from opentrail.trails.faults import InsufficientKeyPolicy, InvalidKeyId, KeyNotFound, KeyUnusable
from opentrail.trails.naming import is_region

_ALIAS: Final = re.compile(r"alias/(?!aws)[A-Za-z0-9/_-]{1,250}")
_KEY: Final = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_REFUSED_AS: Final = {"AccessDeniedException": InsufficientKeyPolicy, "KMSInvalidStateException": KeyUnusable}


@dataclass(frozen=True, slots=True)
class KeyUser:
    """For what a key is asked about, where it is at home, and the actions that CloudTrail needs there."""

    arn: str
    account: str
    region: str
    actions: tuple[str, ...] = ("kms:GenerateDataKey",)


class KmsCheck:
    """Checks keys."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def check(self, key_id: str, user: KeyUser) -> str:
        """The full ARN of the key that an id, alias or ARN means.

        Raises InvalidKeyId, KeyNotFound, KeyUnusable, InsufficientKeyPolicy, DestinationUnknown.
        """
        region = _region(key_id, user.region)
        client = self._clients.client("kms", user.account, region)
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
        if not all(_allows(text, arn, user, action) for action in user.actions):
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


def _allows(text: str, arn: str, user: KeyUser, action: str) -> bool:
    """Whether CloudTrail may do this for the user of the key; in a key's policy `*` is the key itself."""
    context: dict[str, str | tuple[str, ...]] = {
        "aws:SourceArn": user.arn,
        "aws:SourceAccount": user.account,
        "aws:PrincipalIsAWSService": "true",
        "kms:EncryptionContext:aws:cloudtrail:arn": user.arn,
        "kms:EncryptionContextKeys": ("aws:cloudtrail:arn", "aws:s3:arn"),
    }
    request = Request(Caller(service=SERVICE), action, arn, context)
    try:
        return evaluate([read_policy(text)], request).allows
    except PolicyUnreadable:
        return False  # what cannot be read allows nothing
