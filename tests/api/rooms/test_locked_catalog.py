"""While another process holds the catalog, changes are refused in time with an error that clients try again."""

import pytest

from opentrail.catalog.database import open_catalog
from tests.api.rooms.conftest import ACCOUNT, Refused, TrailServer
from tests.cloud import REGION

ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit"
TAGGED = {"ResourceId": ARN, "TagsList": [{"Key": "a"}]}


def test_a_change_is_refused_while_the_catalog_is_locked_and_done_when_it_is_tried_again(audit: TrailServer) -> None:
    holder = open_catalog(audit.folder / "catalog")
    with holder.begin():
        answer = audit.send(audit.call_of("add_tags", **TAGGED))
        with pytest.raises(Refused) as refused:
            audit.ask("add_tags", **TAGGED)
        assert audit.ask("get_trail", Name="audit")["Trail"]["Name"] == "audit", "what reads is answered"
    holder.dispose()
    assert (answer.status, refused.value.code) == (503, "ServiceUnavailable")
    assert audit.ask("add_tags", **TAGGED) == {}
    codes = [record.get("errorCode") for record in audit.records() if record["eventName"] == "AddTags"]
    assert codes == ["ServiceUnavailable", "ServiceUnavailable", None]
