"""The API with the rooms of trails, their destinations in a real moto server."""

import functools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from opentrail.accounts.access_keys import AccessKey
from opentrail.accounts.principal import root
from opentrail.catalog.database import open_catalog
from opentrail.server.rooms.trails import trail_rooms
from opentrail.server.settings import Delivery, Organization, Regions, Settings
from opentrail.wire.http import HttpResponse
from tests.api.conftest import ACCOUNT, Server, parsed
from tests.cloud import REGION, Cloud
from tests.wire.boto_requests import Sent, capture

MEMBER = "222233334444"
STRANGER = "999988887777"
ORGANIZATION = "o-exampleorgid"
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


class Refused(Exception):
    """The API's fault: its code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class TrailServer(Server):
    """A server that knows trails; calls answer as boto3 reads them, or raise Refused."""

    def __init__(
        self,
        folder: Path,
        cloud: Cloud,
        organization: Organization | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        super().__init__(folder)
        for account in (MEMBER, STRANGER):
            self.keys.learn(AccessKey(f"AKIA{account}", "secret", root(account)))
        settings = Settings(
            regions=Regions(REGIONS),
            organization=organization or Organization(),
            delivery=delivery or Delivery(),
        )
        rooms = trail_rooms(settings, self.engine, self.keys, b"m" * 32, self.journal.head, self.clock, cloud.url)
        self.api._around.rooms.update(rooms)

    def ask(self, operation: str, /, *, region: str = REGION, account: str = ACCOUNT, **parameters: Any) -> Any:
        response = self.send(self.call_of(operation, region=region, account=account, **parameters))
        name = "".join(word.title() for word in operation.split("_"))
        answer = parsed(response, name)
        if response.status != 200:
            assert response.status in (400, 503), response.body
            raise Refused(answer["Error"]["Code"], answer["Error"]["Message"])
        del answer["ResponseMetadata"]
        return answer

    def call_of(self, operation: str, /, *, region: str = REGION, account: str = ACCOUNT, **parameters: Any) -> Sent:
        """What boto3 sends for a call."""
        return capture(_client(region, account), operation, **parameters)

    def refusal(self, operation: str, /, **parameters: Any) -> str:
        """The code with which a call is refused."""
        with pytest.raises(Refused) as refused:
            self.ask(operation, **parameters)
        return refused.value.code

    def answer_of(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """The JSON of an answer as it stands on the wire."""
        response: HttpResponse = self.send(self.call_of(operation, **parameters))
        found: dict[str, Any] = json.loads(response.body)
        return found


@functools.cache
def _client(region: str, account: str) -> Any:
    known = account == ACCOUNT
    return boto3.client(
        "cloudtrail",
        endpoint_url="http://127.0.0.1:4566",
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE" if known else f"AKIA{account}",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" if known else "secret",
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


@pytest.fixture(scope="session")
def _moto() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(_moto: Cloud) -> Cloud:
    _moto.reset()
    return _moto


@pytest.fixture(scope="session")
def _catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog that was just made: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("catalog")
    open_catalog(folder).dispose()
    return folder


@pytest.fixture
def folder(tmp_path: Path, _catalog: Path) -> Path:
    """A data folder with an empty catalog."""
    shutil.copytree(_catalog, tmp_path / "catalog")
    return tmp_path


@pytest.fixture
def trails(folder: Path, cloud: Cloud) -> Iterator[TrailServer]:
    server = TrailServer(folder, cloud)
    yield server
    server.close()


@pytest.fixture
def organized(folder: Path, cloud: Cloud) -> Iterator[TrailServer]:
    """A server whose home account manages an organization with one member."""
    server = TrailServer(folder, cloud, Organization(ORGANIZATION, ACCOUNT, [MEMBER]))
    yield server
    server.close()


@pytest.fixture
def audit(trails: TrailServer, cloud: Cloud) -> TrailServer:
    """A server with one trail."""
    cloud.bucket("logs")
    trails.ask("create_trail", Name="audit", S3BucketName="logs")
    return trails
