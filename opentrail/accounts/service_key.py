"""The access key that a service of ours signs with when it calls other services through our own port.

CloudTrail delivers files, sends messages and checks buckets as a client of the server that it belongs to, so that its
calls are recorded as AWS records its own: `userIdentity` is the service, and nobody's user or role.

Id and secret are derived from the root key, so that every process of a server has the same one, also after a
restart, and nobody else can make it. The key stands sealed in the catalog like any other, for the doors to find it.
"""

import base64

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.principal import aws_service
from opentrail.accounts.sealing import derived_key

CLOUDTRAIL = "cloudtrail.amazonaws.com"
_ID_BYTES = 10  # 16 characters of base 32


def service_key(access_keys: AccessKeys, root_key: bytes, account: str, service: str = CLOUDTRAIL) -> AccessKey:
    """The key of `service` for `account`, known to every process of the server when this returns."""
    material = derived_key(root_key, f"service-key/{service}/{account}")
    secret = derived_key(material, "secret")
    key = AccessKey(
        access_key_id="AKIA" + base64.b32encode(derived_key(material, "id")[:_ID_BYTES]).decode(),
        secret=base64.b64encode(secret).decode(),
        principal=aws_service(account, service),
    )
    if access_keys.find(key.access_key_id) != key:
        access_keys.learn(key)
    return key
