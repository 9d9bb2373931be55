"""Names of log files and digests, in every form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrail.logfile.keys import Chain, DigestKey, Kind, LogFileKey

MINUTE_US = 60_000_000
prefixes = st.sampled_from(["", "audit", "a/b", "AWSLogs-old", "odd prefix/é"])
organizations = st.sampled_from(["", "o-exampleorg"])
accounts = st.from_regex(r"\A[0-9]{12}\Z")
regions = st.sampled_from(["us-east-1", "ap-southeast-2", "us-gov-west-1"])
trails = st.from_regex(r"\A[A-Za-z0-9]([._-]?[A-Za-z0-9]){2,20}\Z")
minutes = st.integers(0, 90 * 365 * 24 * 60).map(lambda minute: minute * MINUTE_US)
seconds = st.integers(0, 90 * 365 * 86_400).map(lambda second: second * 1_000_000)


@given(
    st.builds(
        LogFileKey, accounts, regions, minutes, st.from_regex(r"\A[A-Za-z0-9]{16}\Z"),
        st.sampled_from(list(Kind)), prefixes, organizations,
    )
)  # fmt: skip
def test_names_of_log_files_are_read_as_they_were_built(key: LogFileKey) -> None:
    assert LogFileKey.parse(str(key)) == key
    assert DigestKey.parse(str(key)) is None


@given(
    st.builds(
        DigestKey,
        st.builds(Chain, accounts, regions, trails, regions, prefixes, organizations, st.booleans()),
        seconds,
    )
)
def test_names_of_digests_are_read_as_they_were_built(key: DigestKey) -> None:
    assert DigestKey.parse(str(key)) == key
    assert LogFileKey.parse(str(key)) is None


def test_the_forms_are_those_of_aws() -> None:
    us = 1_772_619_660_000_000  # 2026-03-04T10:21:00Z
    assert (
        str(
            LogFileKey(
                "111122223333",
                "eu-west-1",
                us - MINUTE_US,
                "aB3dE5fG7hJ9kL1m",
                prefix="audit",
                organization="o-exampleorg",
            )
        )
        == "audit/AWSLogs/o-exampleorg/111122223333/CloudTrail/eu-west-1/2026/03/04/"
        "111122223333_CloudTrail_eu-west-1_20260304T1020Z_aB3dE5fG7hJ9kL1m.json.gz"
    )
    chain = Chain("111122223333", "eu-west-1", "my_trail", "us-east-1", "audit", "o-exampleorg")
    name = "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20260304T102100Z"
    folder = "audit/AWSLogs/o-exampleorg/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/"
    assert str(chain.key_at(us)) == f"{folder}{name}.json.gz"
    assert str(chain.of_backfill().key_at(us)) == f"{folder}{name}_backfill.json.gz"
    insight = LogFileKey("111122223333", "eu-west-1", us, "aB3dE5fG7hJ9kL1m", Kind.INSIGHT)
    assert "/CloudTrail-Insight/eu-west-1/2026/03/04/111122223333_CloudTrail-Insight_eu-west-1_2026" in str(insight)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/999922223333_CloudTrail_eu-west-1_20260304T1020Z_a.json.gz",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/111122223333_CloudTrail_eu-west-1_20261304T1020Z_a.json.gz",
        "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/"
        "111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260304T102100Z.json.gz.bak",
        "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/"
        "111122223333_CloudTrail-Digest_eu-west-2_t_eu-west-1_20260304T102100Z.json.gz",
    ],
)
def test_other_names_are_neither(key: str) -> None:
    assert LogFileKey.parse(key) is None
    assert DigestKey.parse(key) is None
