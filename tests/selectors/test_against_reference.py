"""The compiled matcher and the slow obvious one agree, on made-up events and selectors."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.selectors import reference
from tests.selectors.making import chosen

NAMES = ["PutObject", "GetObject", "DeleteObject", "DeleteObjectTagging", "Invoke", "CreateUser"]
SOURCES = ["s3.amazonaws.com", "kms.amazonaws.com", "rdsdata.amazonaws.com", "strange.amazonaws.com"]
ARNS = [
    "arn:aws:s3:::aaa/",
    "arn:aws:s3:::aaa/k",
    "arn:aws:s3:::aaab/k",
    "arn:aws:lambda:eu-west-1:111122223333:function:f",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/Music",
]
TYPES = ["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::SNS::Topic"]
CALLERS = ["arn:aws:iam::111122223333:user/dana", "arn:aws:sts::111122223333:assumed-role/Backup/n"]
TEXTS = {
    "eventName": NAMES,
    "eventSource": SOURCES,
    "resources.ARN": ARNS,
    "userIdentity.arn": CALLERS,
    "eventType": ["AwsApiCall", "AwsServiceEvent"],
    "vpcEndpointId": ["vpce-1", "vpce-12"],
    "sessionCredentialFromConsole": ["true"],
}


def optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


# every record names a resource of a type, so that none has to be implied
resource = st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional={"ARN": st.sampled_from(ARNS)})
records = st.builds(
    lambda base, more: base | more,
    st.fixed_dictionaries({"resources": st.lists(resource, min_size=1, max_size=3)}),
    optional(
        eventName=st.sampled_from(NAMES),
        eventSource=st.sampled_from(SOURCES),
        readOnly=st.booleans(),
        eventType=st.sampled_from(TEXTS["eventType"]),
        errorCode=st.sampled_from(["VpceAccessDenied", "AccessDenied"]),
        vpcEndpointId=st.sampled_from(TEXTS["vpcEndpointId"]),
        sessionCredentialFromConsole=st.just("true"),
        userIdentity=optional(arn=st.sampled_from(CALLERS)),
    ),
)
categories = st.sampled_from(["Management", "Data", "NetworkActivity"])

data_resource = st.one_of(
    st.tuples(st.just("AWS::S3::Object"), st.sampled_from(["arn:aws:s3", "arn:aws:s3:::", *ARNS[:3]])),
    st.tuples(st.just("AWS::Lambda::Function"), st.sampled_from(["arn:aws:lambda", ARNS[3], ARNS[3] + "2"])),
    st.tuples(st.just("AWS::DynamoDB::Table"), st.sampled_from(["arn:aws:dynamodb", ARNS[4]])),
).map(lambda pair: {"Type": pair[0], "Values": [pair[1]]})
basic = optional(
    ReadWriteType=st.sampled_from(["All", "ReadOnly", "WriteOnly"]),
    IncludeManagementEvents=st.booleans(),
    DataResources=st.lists(data_resource, max_size=3),
    ExcludeManagementEventSources=st.lists(st.sampled_from(SOURCES[1:3]), unique=True),
)

read_only = st.just("readOnly").flatmap(
    lambda name: st.sampled_from(["true", "false"]).map(lambda value: {"Field": name, "Equals": [value]})
)


@st.composite
def free_field(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Any operators over pieces of the field's texts; opposites never share a value."""
    pieces = sorted({text[:cut] for text in TEXTS[name] for cut in (4, 9, 14, 99)} | {t[-3:] for t in TEXTS[name]})
    operators = draw(
        st.lists(st.sampled_from(["Equals", "StartsWith", "EndsWith"]), min_size=0, max_size=2, unique=True)
    )
    selector: dict[str, Any] = {"Field": name}
    for operator in operators:
        selector[operator] = draw(st.lists(st.sampled_from(pieces + TEXTS[name]), min_size=1, max_size=3, unique=True))
    for operator in ("Equals", "StartsWith", "EndsWith"):
        left = [one for one in pieces if one not in selector.get(operator, [])]
        if left and (draw(st.booleans()) or len(selector) == 1):
            selector["Not" + operator] = draw(st.lists(st.sampled_from(left), min_size=1, max_size=2, unique=True))
    if len(selector) == 1:
        selector["NotEquals"] = ["nothing"]
    return selector


@st.composite
def advanced(draw: st.DrawFn) -> dict[str, Any]:
    category = draw(categories)
    fields: list[dict[str, Any]] = [{"Field": "eventCategory", "Equals": [category]}]
    if category == "Management":
        if draw(st.booleans()):
            excluded = draw(st.lists(st.sampled_from(SOURCES[1:3]), min_size=1, unique=True))
            fields.append({"Field": "eventSource", "NotEquals": excluded})
        free: list[str] = []
    elif category == "Data":
        fields.append({"Field": "resources.type", "Equals": [draw(st.sampled_from(TYPES))]})
        free = ["eventName", "eventSource", "resources.ARN", "userIdentity.arn", "eventType"]
    else:
        fields.append({"Field": "eventSource", "Equals": [draw(st.sampled_from(SOURCES))]})
        free = ["eventName", "vpcEndpointId"]
        if draw(st.booleans()):
            fields.append({"Field": "errorCode", "Equals": ["VpceAccessDenied"]})
    if category != "NetworkActivity" and draw(st.booleans()):
        fields.append(draw(read_only))
    if free:
        fields += [draw(free_field(name)) for name in draw(st.lists(st.sampled_from(free), max_size=3, unique=True))]
    return {"FieldSelectors": draw(st.permutations(fields))}


selectors = st.one_of(
    st.lists(basic, min_size=1, max_size=3).map(lambda given: {"EventSelectors": given}),
    st.lists(advanced(), min_size=1, max_size=3).map(lambda given: {"AdvancedEventSelectors": given}),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(records, categories), min_size=1, max_size=12), selectors)
def test_they_agree(events: list[tuple[dict[str, Any], str]], given_selectors: dict[str, Any]) -> None:
    whole = [record | {"eventCategory": category} for record, category in events]
    expected = [
        index
        for index, (record, category) in enumerate(events)
        if reference.selected(record, category, given_selectors)
    ]
    assert chosen(given_selectors, *whole) == expected
