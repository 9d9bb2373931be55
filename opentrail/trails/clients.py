"""CloudTrail as a client of other services: where they are, and who we are there."""

import threading
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from opentrail.objects.s3_client import S3_ERRORS, S3Access, connect
from opentrail.trails.faults import DestinationUnknown

SERVICE: Final = "cloudtrail.amazonaws.com"
ATTEMPTS: Final = 2
READ_TIMEOUT_SECONDS: Final = 15.0  # a caller of our API waits for the answer
_AWAY: Final = frozenset({"ServiceUnavailable", "InternalFailure", "InternalError", "SlowDown", "ThrottlingException"})


class Clients:
    """Makes clients and keeps them. `access` tells endpoint and credentials by service, account and Region.

    `as_service`: calls are made as the service, so that policies of resources must let the service in. Where they are
    made with credentials of one's own, those are judged by whoever is asked, and no policy speaks of us.
    """

    def __init__(
        self,
        access: Callable[[str, str, str], S3Access],
        *,
        as_service: bool = True,
        attempts: int = ATTEMPTS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        self.as_service = as_service
        self.access = access
        self._attempts = attempts
        self._read_timeout_seconds = read_timeout_seconds
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, account: str, region: str) -> Any:
        """A client of `service` in `region` for what concerns `account`, shared between threads."""
        key = (service, account, region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self.made(service, self.access(service, account, region))
            return self._clients[key]

    def made(self, service: str, access: S3Access) -> Any:
        """A client of its own, with credentials of its own."""
        return connect(
            access, service=service, attempts=self._attempts, read_timeout_seconds=self._read_timeout_seconds
        )


def refusal_code(error: Exception, what: str) -> str:
    """The code with which a service refused. Raises DestinationUnknown where it did not answer, or has no answer now.

    `error` is one of S3_ERRORS; `what` begins the message.
    """
    if not isinstance(error, ClientError):
        raise DestinationUnknown(f"{what} cannot be checked: {error}") from error
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _AWAY:
        raise DestinationUnknown(f"{what} cannot be checked: {code}") from error
    return code


__all__ = ["S3_ERRORS", "SERVICE", "Clients", "refusal_code"]
