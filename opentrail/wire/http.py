"""A request and an answer of HTTP as values, with every byte of path and query as the client sent it."""

from dataclasses import dataclass
from typing import Any, overload


class _HeadersByName:
    """Worked out once for each request; functools.cached_property takes a lock for it, at the price of the rest."""

    @overload
    def __get__(self, request: None, owner: Any) -> "_HeadersByName": ...

    @overload
    def __get__(self, request: "HttpRequest", owner: Any) -> dict[str, str]: ...

    def __get__(self, request: "HttpRequest | None", owner: Any) -> "dict[str, str] | _HeadersByName":
        if request is None:
            return self
        headers = request.headers
        found = dict(headers)
        if len(found) != len(headers):
            found = {}
            for name, value in headers:
                found[name] = f"{found[name]},{value}" if name in found else value
        request.__dict__["headers_by_name"] = found
        return found


@dataclass(frozen=True, init=False)
class HttpRequest:
    """The head of a request; its body travels beside it, because it may be too long to hold.

    Names of headers are in lower case, in the order of arrival, repeated names stay repeated. Texts hold
    the bytes of the wire as Latin-1, so that they can be put back unchanged.
    """

    method: str
    path: str  # raw: percent-encoded as it came, never normalised
    query: str  # raw, without the question mark
    headers: tuple[tuple[str, str], ...]
    client: str  # address of the caller, without port
    scheme: str  # "http" | "https"
    tls: tuple[str, str] | None = None  # version and cipher suite of the caller's connection

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: tuple[tuple[str, str], ...],
        client: str,
        scheme: str,
        tls: tuple[str, str] | None = None,
    ) -> None:
        # What dataclass writes for frozen ones sets each field by itself, at three times the price.
        self.__dict__.update(
            method=method, path=path, query=query, headers=headers, client=client, scheme=scheme, tls=tls
        )

    # The headers by name; the values of a repeated one are joined by commas, as SigV4 reads them.
    headers_by_name = _HeadersByName()

    def header(self, name: str, default: str = "") -> str:
        """The value of the header `name` (lower case), or `default`."""
        return self.headers_by_name.get(name, default)

    @property
    def host(self) -> str:
        """The Host header: name or address, and the port where it is not the scheme's own."""
        return self.header("host")


@dataclass(frozen=True)
class HttpResponse:
    """An answer that is held whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
