"""Every operation of both service models, called by everybody who should not, about what the first account has.

No answer shows what is the first account's, nothing of it is changed, and every refusal is an event.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from opentrail.accounts.access_keys import AccessKey, AccessKeys
from opentrail.accounts.folder_keys import open_folder_keys
from opentrail.accounts.principal import iam_user
from opentrail.catalog.database import open_catalog
from tests.acceptance.program import ACCOUNT, REGION, Program, eventually
from tests.isolation.values import First, calls_of

BUCKET, TRAIL, DASHBOARD = "first-account-logs", "first-account-trail", "first-account-dash"
MARKED = "marker-7f3a"  # in names of users, tags and policies of the first account
ADMIN = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
NARROW = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "cloudtrail:ListPublicKeys", "Resource": "*"}}
)
# what a caller whom nothing allows anything is told; the last two name no permission
DENIALS = frozenset(
    (
        "AccessDeniedException",
        "ChannelInsufficientPermission",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredTokenException",
        "SerializationException",
        "ValidationException",
    )
)


@dataclass(frozen=True)
class Caller:
    """Who calls. `own`: the account; `may`: operations that the caller is allowed."""

    name: str
    own: str
    key: dict[str, str]
    may: frozenset[str] | None = None  # None: everything, in its own account


def operations() -> list[OperationModel]:
    """Those that keep what they are told come last: a caller is shown its own names afterwards."""
    session = botocore.session.Session()
    models = [session.get_service_model(name) for name in ("cloudtrail", "cloudtrail-data")]
    found = [model.operation_model(name) for model in models for name in model.operation_names]
    return sorted(found, key=lambda one: one.name.startswith(("Create", "Update", "Put", "Start")))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("isolated"), ("--enforce-iam", "--delivery-interval", "1")).start()
    yield program
    assert program.stop() == 0


@pytest.fixture(scope="module")
def first(program: Program) -> First:
    """The first account, with one of everything."""
    s3, trails, iam = program.client("s3"), program.client("cloudtrail"), program.client("iam")
    for number in range(60):
        iam.create_user(UserName=f"{MARKED}-{number}")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_lets_cloudtrail_in()))
    tags = [{"Key": "t", "Value": MARKED}]
    trails.create_trail(Name=TRAIL, S3BucketName=BUCKET, IsMultiRegionTrail=True, TagsList=tags)
    trails.start_logging(Name=TRAIL)
    token = trails.lookup_events(MaxResults=5)["NextToken"]
    other_token = trails.lookup_events(
        LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "iam.amazonaws.com"}], MaxResults=5
    )["NextToken"]
    iam.create_user(UserName=f"{MARKED}-last")
    assert eventually(lambda: s3.list_objects_v2(Bucket=BUCKET).get("Contents"), seconds=20), "no log file"
    store, channel, query, results_token = _lake(program)
    import_id = _import(program)
    return First(
        ACCOUNT,
        REGION,
        BUCKET,
        TRAIL,
        store,
        channel,
        query,
        import_id,
        DASHBOARD,
        (token, other_token, results_token),
        frozenset((BUCKET, TRAIL, store, channel, query, import_id, DASHBOARD, MARKED)),
    )


def _lets_cloudtrail_in() -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    reads = {**service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{BUCKET}"}
    writes = {**service, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/*"}
    return {"Version": "2012-10-17", "Statement": [reads, writes]}


def _lake(program: Program) -> tuple[str, str, str, str]:
    """A store, its channel, and a query with more than one page; their IDs, and the token of the second page."""
    trails = program.client("cloudtrail")
    kind = {"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}
    store = trails.create_event_data_store(
        Name=f"{MARKED}-store", AdvancedEventSelectors=[kind], MultiRegionEnabled=False, RetentionPeriod=3653
    )["EventDataStoreArn"]
    destinations = [{"Type": "EVENT_DATA_STORE", "Location": store}]
    channel = trails.create_channel(Name=f"{MARKED}-channel", Source="Custom", Destinations=destinations)["ChannelArn"]
    events = [{"id": f"e{n}", "eventData": json.dumps(_audit_event(n))} for n in range(5)]
    put = program.client("cloudtrail-data").put_audit_events(channelArn=channel, auditEvents=events)
    assert len(put["successful"]) == len(events), put
    store_id = str(store).rpartition("/")[2]
    query = trails.start_query(QueryStatement=f"SELECT eventData.UID FROM {store_id}")["QueryId"]
    eventually(lambda: trails.describe_query(QueryId=query)["QueryStatus"] not in ("QUEUED", "RUNNING"), seconds=60)
    page = trails.get_query_results(QueryId=query, MaxQueryResults=2)
    assert page["QueryStatus"] == "FINISHED", page
    return store_id, str(channel).rpartition("/")[2], query, page["NextToken"]


def _audit_event(number: int) -> dict[str, Any]:
    return {
        "version": "1",
        "userIdentity": {"type": "app", "principalId": MARKED},
        "eventSource": "shop.example.com",
        "eventName": "Refund",
        "eventTime": "2026-11-20T10:00:00Z",
        "UID": f"{MARKED}-{number}",
        "recipientAccountId": ACCOUNT,
    }


def _import(program: Program) -> str:
    """An import of the account's own log files."""
    trails, iam = program.client("cloudtrail"), program.client("iam")
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": service})
    role = iam.create_role(RoleName=f"{MARKED}-role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"{MARKED}-role", PolicyName="p", PolicyDocument=ADMIN)
    store = trails.create_event_data_store(Name=f"{MARKED}-imported", StartIngestion=False)["EventDataStoreArn"]
    source = {
        "S3LocationUri": f"s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/",
        "S3BucketRegion": REGION,
        "S3BucketAccessRoleArn": role,
    }
    return str(trails.start_import(Destinations=[store], ImportSource={"S3": source})["ImportId"])


@pytest.fixture(scope="module")
def callers(program: Program, first: First) -> list[Caller]:
    iam, organizations = program.client("iam"), program.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    stranger, member = (_account(program, organizations, name) for name in ("stranger", "member"))
    organizations.remove_account_from_organization(AccountId=stranger.own)
    nobody = iam_key(iam, "nobody")
    disabled = iam_key(iam, "disabled")
    iam.put_user_policy(UserName="disabled", PolicyName="p", PolicyDocument=ADMIN)
    iam.update_access_key(UserName="disabled", AccessKeyId=disabled["key"], Status="Inactive")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="admin", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="admin", PolicyName="p", PolicyDocument=ADMIN)
    made = program.client("sts").assume_role(RoleArn=role, RoleSessionName="narrowed", Policy=NARROW)["Credentials"]
    narrowed = {
        "key": made["AccessKeyId"],
        "secret": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
    return [
        stranger,
        member,
        Caller("nobody", ACCOUNT, nobody, frozenset()),
        Caller("disabled", ACCOUNT, disabled, frozenset()),
        Caller("expired", ACCOUNT, _expired_key(program), frozenset()),
        Caller("narrowed", ACCOUNT, narrowed, frozenset(("ListPublicKeys",))),
    ]


def _account(program: Program, organizations: Any, name: str) -> Caller:
    """A member account, and a user of it who may do everything there."""
    made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
    entered = program.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole", RoleSessionName="setup"
    )["Credentials"]
    iam = program.client(
        "iam", entered["AccessKeyId"], entered["SecretAccessKey"], aws_session_token=entered["SessionToken"]
    )
    key = iam_key(iam, name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=ADMIN)
    return Caller(name, made["AccountId"], key)


def iam_key(iam: Any, name: str) -> dict[str, str]:
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}


def _expired_key(program: Program) -> dict[str, str]:
    """A key as the recorder learns it from STS, past its end."""
    engine = open_catalog(program.data_dir / "catalog")
    keys = AccessKeys(engine, open_folder_keys(program.data_dir / "secrets").root)
    keys.learn(
        AccessKey("ASIAEXPIRED000000001", "s", iam_user(ACCOUNT, "expired", "AIDAEXPIRED"), "token", expires_at_us=1)
    )
    keys.close()
    engine.dispose()
    return {"key": "ASIAEXPIRED000000001", "secret": "s", "aws_session_token": "token"}


def walk(
    program: Program, caller: Caller, first: First
) -> Iterator[tuple[OperationModel, dict[str, Any], dict[str, Any]]]:
    """Every call, and what was answered: the output or the error, as botocore reads it."""
    clients = {
        name: program.client(name, **caller.key, config={"parameter_validation": False})
        for name in ("cloudtrail", "cloudtrail-data")
    }
    for operation in operations():
        client = clients[operation.service_model.service_name]
        for parameters in calls_of(operation, first, plain=caller.may is None):
            call = getattr(client, botocore.xform_name(operation.name))
            try:
                answer = call(**parameters)
            except ClientError as refusal:
                answer = refusal.response
            yield operation, parameters, answer


def test_every_operation_is_walked(first: First) -> None:
    walked = {operation.name: len(list(calls_of(operation, first))) for operation in operations()}
    assert len(walked) >= 61 and min(walked.values()) >= 1


@pytest.mark.parametrize("number", range(6))
def test_nobody_sees_what_is_the_first_account_s(
    program: Program, first: First, callers: list[Caller], number: int
) -> None:
    caller = callers[number]
    before = _state(program)
    shown, allowed, refusals = [], [], {}
    for operation, parameters, answer in walk(program, caller, first):
        told = json.dumps(answer, default=str)
        sent = json.dumps(parameters, default=str)
        # its own events show a caller what it has sent itself
        secrets = {MARKED} if operation.name == "LookupEvents" else first.secrets
        known = sent + sent.lower()  # denials name a store as it is kept, however it was named
        leaks = [secret for secret in secrets if secret in told and secret not in known]
        foreign = [event for event in answer.get("Events", ()) if not _is_of(event, caller)]
        assert not foreign
        if leaks:
            shown.append((operation.name, parameters, leaks, told[:300]))
        error = answer.get("Error", {}).get("Code")
        if error is not None:
            refusals[answer["ResponseMetadata"]["RequestId"]] = (operation.name, error)
        if caller.may is not None and operation.name not in caller.may and error not in DENIALS:
            allowed.append((operation.name, parameters, error))
        if caller.may is None and error is None and _names_by_arn(sent, first) and not _lists(operation, answer):
            allowed.append((operation.name, parameters, answer))
    assert not shown
    assert not allowed
    assert _state(program) == before
    _all_recorded(program, caller, refusals)


def _is_of(event: dict[str, Any], caller: Caller) -> bool:
    return bool(json.loads(event["CloudTrailEvent"])["recipientAccountId"] == caller.own)


def _names_by_arn(sent: str, first: First) -> bool:
    return any(arn in sent for arn in first.arns)


def _lists(operation: OperationModel, answer: dict[str, Any]) -> bool:
    """Whether the answer is an empty list: what is the first account's was passed over."""
    del answer["ResponseMetadata"]
    return all(value == [] for value in answer.values())


def _all_recorded(program: Program, caller: Caller, refusals: dict[str, tuple[str, str]]) -> None:
    records = {
        record["requestID"]: record
        for record in program.events("--category", "all", "--account", caller.own)
        if record.get("requestID") in refusals
    }
    missing = {refusals[request] for request in refusals.keys() - records.keys()}
    assert not missing
    for request, record in records.items():
        assert record.get("errorCode"), (refusals[request], record)
        assert record["recipientAccountId"] == caller.own


def _state(program: Program) -> Any:
    """What the first account has, as it sees it itself."""
    trails = program.client("cloudtrail")
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"
    found = [
        trails.get_trail(Name=TRAIL)["Trail"],
        trails.get_trail_status(Name=TRAIL)["IsLogging"],
        trails.get_event_selectors(TrailName=TRAIL),
        trails.list_tags(ResourceIdList=[arn])["ResourceTagList"],
        trails.list_channels()["Channels"],
        [trails.get_event_data_store(EventDataStore=one["EventDataStoreArn"]) for one in _stores(trails)],
        trails.list_trails()["Trails"],
    ]
    return json.loads(json.dumps(found, default=str).replace(str(uuid.UUID(int=0)), ""), object_hook=_without_metadata)


def _stores(trails: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trails.list_event_data_stores()["EventDataStores"]
    return found


def _without_metadata(found: dict[str, Any]) -> dict[str, Any]:
    found.pop("ResponseMetadata", None)
    return found


def test_log_files_are_behind_the_sandbox_s_guards(program: Program, first: First, callers: list[Caller]) -> None:
    key = program.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"][0]["Key"]
    for caller in callers:
        s3 = program.client("s3", **caller.key)
        for call, more in (
            (s3.get_object, {"Key": key}),
            (s3.head_object, {"Key": key}),
            (s3.list_objects_v2, {}),
            (s3.delete_object, {"Key": key}),
            (s3.copy_object, {"Key": "mine", "CopySource": f"{BUCKET}/{key}"}),
            (s3.get_bucket_policy, {}),
            (s3.put_bucket_policy, {"Policy": ADMIN}),
            (s3.delete_bucket, {}),
        ):
            with pytest.raises(ClientError) as refusal:
                call(Bucket=BUCKET, **more)
            assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403), caller.name
