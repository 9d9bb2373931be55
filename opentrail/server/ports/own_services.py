"""What the server itself answers on the AWS port: CloudTrail's API, and programs that report their calls."""

from typing import Protocol

from opentrail.recorder.client_side.reported import PATH
from opentrail.wire.http import HttpRequest, HttpResponse


class OwnService(Protocol):
    """Answers calls whose bodies are held whole."""

    async def answer(self, request: HttpRequest, body: bytes, /) -> HttpResponse:
        """The answer to one call."""
        ...

    def too_long(self, request: HttpRequest, /) -> HttpResponse:
        """The answer to a call whose body is longer than `limits.API_BODY_BYTES` and was not read."""
        ...


class OwnServices:
    """Which of both a call is for."""

    def __init__(self, api: OwnService, reports: OwnService) -> None:
        self._api = api
        self._reports = reports

    async def answer(self, request: HttpRequest, body: bytes) -> HttpResponse:
        """The answer to one call."""
        return await self._for(request).answer(request, body)

    def too_long(self, request: HttpRequest) -> HttpResponse:
        """The answer to a call whose body is longer than `limits.API_BODY_BYTES` and was not read."""
        return self._for(request).too_long(request)

    def _for(self, request: HttpRequest) -> OwnService:
        return self._reports if request.path == PATH else self._api
