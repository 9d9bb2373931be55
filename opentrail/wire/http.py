"""A request and an answer of HTTP as values, with every byte of path and query as the client sent it."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
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

    @cached_property
    def headers_by_name(self) -> dict[str, str]:
        """The headers by name; the values of a repeated one are joined by commas, as SigV4 reads them."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

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
