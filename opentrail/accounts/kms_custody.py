"""A master key that a KMS keeps: it lies in the key ring sealed by a key of KMS, which is asked to open it at a start.

Credentials are those of the process, as every AWS SDK finds them; they need `kms:Encrypt` to seal and `kms:Decrypt` to
open. The encryption context is {"opentrail": "master-key"}, for policies of the KMS key to ask for.
"""

from typing import Any, Final

import msgspec

from opentrail.accounts.faults import MasterKeyUnreadable

CONTEXT: Final = {"opentrail": "master-key"}


class KmsCustody(msgspec.Struct, frozen=True, tag_field="kind", tag="kms", forbid_unknown_fields=True):
    """The master key is `sealed` by the key `key_id` of the KMS at `endpoint`; empty: AWS's own of the Region."""

    key_id: str
    region: str = "us-east-1"
    endpoint: str = ""
    sealed: bytes = b""


def sealed_by_kms(custody: KmsCustody, master: bytes) -> KmsCustody:
    """`custody` with the key in it, sealed. Raises MasterKeyUnreadable."""
    answer = _asked(custody, "encrypt", KeyId=custody.key_id, Plaintext=master, EncryptionContext=CONTEXT)
    return msgspec.structs.replace(custody, sealed=answer["CiphertextBlob"])


def opened_by_kms(custody: KmsCustody) -> bytes:
    """The master key. Raises MasterKeyUnreadable."""
    told = {"KeyId": custody.key_id, "CiphertextBlob": custody.sealed, "EncryptionContext": CONTEXT}
    return bytes(_asked(custody, "decrypt", **told)["Plaintext"])


def _asked(custody: KmsCustody, operation: str, **parameters: Any) -> Any:
    # imported here because every command reads key rings, and few of these know a KMS
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    patience = Config(connect_timeout=5, read_timeout=15, retries={"max_attempts": 3, "mode": "standard"})
    try:
        client = boto3.client("kms", region_name=custody.region, endpoint_url=custody.endpoint or None, config=patience)
        return getattr(client, operation)(**parameters)
    except (BotoCoreError, ClientError, ValueError) as failure:
        raise MasterKeyUnreadable(f"KMS does not {operation} the master key: {failure}") from failure
