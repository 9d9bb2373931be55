"""How CloudTrail itself calls other services: through the server's own port with its own key, or as `[delivery]` says.

Through the own port its calls are recorded as AWS records its own. Elsewhere, and with a key of one's own, they are
judged by whoever is asked, and no policy speaks of CloudTrail.
"""

from pathlib import Path

from opentrail.accounts.access_keys import AccessKeys
from opentrail.accounts.service_key import service_key
from opentrail.objects.s3_client import S3Access
from opentrail.server.settings import Delivery


class OwnCalls:
    """Endpoint and key for each service. `own_endpoint`: the URL of the AWS port from this machine.

    `secret` belongs to the key of `delivery`, where it has one.
    """

    def __init__(
        self, delivery: Delivery, access_keys: AccessKeys, root_key: bytes, own_endpoint: str, secret: str
    ) -> None:
        self._delivery = delivery
        self._access_keys = access_keys
        self._root_key = root_key
        self._own_endpoint = own_endpoint
        self._secret = secret
        named = {"s3": delivery.s3_endpoint, "sns": delivery.sns_endpoint, "logs": delivery.logs_endpoint}
        self._endpoints = {service: url for service, url in named.items() if url}

    @property
    def as_service(self) -> bool:
        """Whether calls are made as the service, so that policies of resources must let it in."""
        return not self._delivery.access_key_id

    @property
    def folders(self) -> Path | None:
        """Where plain folders stand for buckets of their name."""
        return Path(self._delivery.directory) if self._delivery.directory else None

    def access(self, service: str, account: str, region: str) -> S3Access:
        """Endpoint and credentials for calls of `service` that concern `account`."""
        endpoint = self._endpoints.get(service, self._own_endpoint)
        if self._delivery.access_key_id:
            return S3Access(endpoint, region, self._delivery.access_key_id, self._secret)
        key = service_key(self._access_keys, self._root_key, account)
        return S3Access(endpoint, region, key.access_key_id, key.secret)
