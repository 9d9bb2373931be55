"""botocore's service models, loaded once; which services share a signing name, an endpoint prefix or a target."""

import functools
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from opentrail.errors import OpenTrailError
from opentrail.wire.service_names import ENDPOINT_PREFIXES, RULED_SIGNING_NAMES, SIGNING_NAMES

_LOADER = Loader()
_LOADING = threading.RLock()


class UnknownService(OpenTrailError):
    """botocore has no model of this service."""

    code = "UnknownService"
    status = 400


@functools.cache
def available_services() -> frozenset[str]:
    """botocore's names of all services that it has a model of."""
    return frozenset(_LOADER.list_available_services("service-2"))


@functools.lru_cache(maxsize=512)
def service_model(service: str) -> ServiceModel:
    """The model of botocore's `service`; the first call for a service reads it from disk (5 to 300 ms).

    Raises UnknownService.
    """
    if service not in available_services():
        raise UnknownService(f"No service model is named {service!r}")
    with _LOADING:
        try:
            description: Mapping[str, Any] = _LOADER.load_service_model(service, "service-2")
        except UnknownServiceError as error:  # listed, yet without a model of this type
            raise UnknownService(f"No service model is named {service!r}") from error
    return ServiceModel(description, service)


@functools.lru_cache(maxsize=4096)
def services_signing_as(signing_name: str) -> tuple[str, ...]:
    """botocore's services whose calls are signed for `signing_name`, the most likely first; empty when unknown."""
    named = RULED_SIGNING_NAMES.get(signing_name) or SIGNING_NAMES.get(signing_name)
    if named is not None:
        return named
    return (signing_name,) if signing_name in available_services() else ()


@functools.lru_cache(maxsize=4096)
def services_at(endpoint_prefix: str) -> tuple[str, ...]:
    """botocore's services whose hosts begin with `endpoint_prefix` (`email`, `monitoring`); empty when unknown."""
    named = ENDPOINT_PREFIXES.get(endpoint_prefix)
    if named is not None:
        return named
    return (endpoint_prefix,) if endpoint_prefix in available_services() else ()


def endpoint_prefix(service: str) -> str:
    """The first label of the service's host at AWS. Raises UnknownService."""
    return str(service_model(service).metadata.get("endpointPrefix", service))


def protocols(service: str) -> tuple[str, ...]:
    """The protocols that the service speaks, as its model lists them. Raises UnknownService."""
    metadata = service_model(service).metadata
    listed = metadata.get("protocols") or [metadata.get("protocol", "")]
    return tuple(str(protocol) for protocol in listed)
