"""The KMS key of an event data store in the sandbox: disabled, it stops its store; back, nothing is missing."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from opentrail import limits
from tests.acceptance.program import ACCOUNT, Program, eventually
from tests.acceptance.test_lake import ended, rows
from tests.cloud import allow, policy

pytestmark = pytest.mark.acceptance


def test_a_disabled_key_stops_its_store_until_it_is_enabled_again(tmp_path: Path) -> None:
    program = Program(tmp_path / "data").start()
    try:
        kms, trail, iam = (program.client(service) for service in ("kms", "cloudtrail", "iam"))
        owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        service = [allow(action, "*") for action in ("kms:GenerateDataKey", "kms:Decrypt")]
        lets_in = policy(allow("kms:*", "*", Principal=owner), *service)
        made = kms.create_key(Policy=lets_in)["KeyMetadata"]
        key, key_id = made["Arn"], made["KeyId"]
        store = trail.create_event_data_store(Name="sealed", KmsKeyId=key)["EventDataStoreArn"].rpartition("/")[2]
        count = f"SELECT count(*) AS n FROM {store} WHERE eventName = 'CreateUser'"
        iam.create_user(UserName="before")
        assert rows(trail, count) == [[{"n": "1"}]]
        query = trail.start_query(QueryStatement=count)["QueryId"]
        ended(trail, query)

        kms.disable_key(KeyId=key_id)

        def refused() -> str:
            try:
                trail.start_query(QueryStatement=count)
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return ""

        assert eventually(refused, seconds=10) == "InsufficientEncryptionPolicyException"
        with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
            trail.get_query_results(QueryId=query)
        assert trail.get_event_data_store(EventDataStore=store)["Status"] == "ENABLED"
        one_waits = "opentrail_lake_stores_without_key 1.0"
        assert eventually(lambda: one_waits in program.get("/metrics")[1], seconds=limits.STORE_KEY_LOOK_SECONDS + 15)
        iam.create_user(UserName="meanwhile")

        kms.enable_key(KeyId=key_id)
        kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=policy(allow("kms:*", "*", Principal=owner)))
        assert eventually(refused, seconds=10) == "InsufficientEncryptionPolicyException", "its policy lets nobody in"
        kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=lets_in)
        assert eventually(lambda: not refused(), seconds=10)
        assert rows(trail, count) == [[{"n": "2"}]]
        assert eventually(
            lambda: one_waits not in program.get("/metrics")[1], seconds=limits.STORE_KEY_RETRY_SECONDS + 15
        )
    finally:
        assert program.stop() == 0, "".join(program.output[-40:])
