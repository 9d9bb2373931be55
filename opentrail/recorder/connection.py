"""What the recorder needs to know of a client's connection beyond ASGI: its TLS, and how to cut it.

Once an upstream has acted and the record cannot be made durable, no answer may leave; once an answer has begun and
cannot be finished, the client must see that it is cut. ASGI has no word for either, so the HTTP protocol of the server
puts one into the scope: `scope["extensions"]["opentrail.connection"]`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "opentrail.connection"


class HoldingTransport:
    """A transport that can hold what is written to it; all else is the transport's own."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, or keep while held."""
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        """Close when all is written, what is held included."""
        self.release()
        self._transport.close()

    def hold(self) -> None:
        """Keep what is written until `release`."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Write what is held at once; nothing on a connection that is gone."""
        held, self._held = self._held, None
        if held and not self.is_closing():
            self._transport.writelines(held)


class ClientConnection:
    """The connection that one call came by."""

    __slots__ = ("_is_plain", "_protocol")

    def __init__(self, protocol: "CuttableHttpProtocol") -> None:
        self._protocol = protocol
        self._is_plain = protocol.transport.get_extra_info("ssl_object") is None

    def hold(self) -> None:
        """Keep what is written from now on, for one system call."""
        self._protocol.writing.hold()

    def release(self) -> None:
        """Write what is held."""
        self._protocol.writing.release()

    def cut(self) -> None:
        """Close at once, without a further byte."""
        cycle = self._protocol.cycle
        if cycle is not None:
            cycle.disconnected = True  # else uvicorn would answer 500 in our place
        self._protocol.transport.abort()

    def tls(self) -> tuple[str, str] | None:
        """TLS version and cipher suite as CloudTrail names them, or None without TLS."""
        if self._is_plain:
            return None
        session = self._protocol.transport.get_extra_info("ssl_object")
        cipher = session.cipher()
        return session.version() or "", cipher[0] if cipher else ""


class CuttableHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the connection in every scope."""

    writing: HoldingTransport
    _connection: ClientConnection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self.writing = HoldingTransport(transport)  # type: ignore[arg-type]
        super().connection_made(self.writing)  # type: ignore[arg-type]
        self._connection = ClientConnection(self)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self._connection}  # type: ignore[dict-item]


def connection_of(scope: Mapping[str, Any]) -> ClientConnection | None:
    """The connection in `scope`; None under a server whose protocol does not put it there."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, ClientConnection) else None
