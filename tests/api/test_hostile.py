"""Any JSON to any operation gets AWS's answer: never a 500, and one record a call."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrail.api.operations import OPERATIONS
from opentrail.wire.service_models import service_model

CLOUDTRAIL = sorted(name for name, operation in OPERATIONS.items() if operation.service == "cloudtrail")
MEMBERS = sorted(
    {
        member
        for name in CLOUDTRAIL
        for member in (service_model("cloudtrail").operation_model(name).input_shape.members or {})
    }
)
scalar = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from([10**30, -(10**30), 1e308, 2**63, 253402300800, "\x00", "x" * 3000, "insight", "EventName"])
)
value = st.recursive(
    scalar,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["AttributeKey", "AttributeValue", "Key"]) | st.text(max_size=5), inner, max_size=3
        )
    ),
    max_leaves=8,
)
lookup = st.fixed_dictionaries(
    {},
    optional={
        "LookupAttributes": value,
        "StartTime": value,
        "EndTime": value,
        "EventCategory": value,
        "MaxResults": value,
        "NextToken": value,
    },
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(st.just("LookupEvents"), lookup)
    | st.tuples(st.sampled_from(CLOUDTRAIL), st.dictionaries(st.sampled_from(MEMBERS), value, max_size=5))
)
def test_any_json_to_any_operation(server, called):
    operation, parameters = called
    before = server.journal.head()
    response = server.raw(operation, json.dumps(parameters).encode())
    assert response.status in (200, 400), (response.body, parameters)
    assert server.journal.head() == before + 1
    if response.status == 400:
        assert json.loads(response.body)["__type"].endswith("Exception")
