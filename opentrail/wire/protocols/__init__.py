"""Requests of all AWS protocols read back into an operation and its parameters."""

from opentrail.wire.protocols.call import ParsedRequest, UnreadableCall
from opentrail.wire.protocols.reader import read_request

__all__ = ["ParsedRequest", "UnreadableCall", "read_request"]
