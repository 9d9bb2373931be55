"""Queries as users of Lake write them."""

import pytest

from opentrail.lake.sql.faults import InvalidQueryStatement
from tests.lake.conftest import STORE


def test_columns_are_named_as_the_query_spells_them(ask):
    names, rows = ask(f"SELECT eventName, userIdentity.arn, count(*), 1 AS One FROM {STORE} GROUP BY 1, 2 LIMIT 1")
    assert names == ["eventName", "arn", "_col2", "One"]
    assert len(rows) == 1


def test_times_compare_with_texts(ask):
    assert ask(f"SELECT eventName FROM {STORE} WHERE eventTime > '2026-03-04 10:03:30'")[1] == [("ConsoleLogin",)]
    within = (
        f"SELECT count(*) FROM {STORE} WHERE eventTime BETWEEN '2026-03-04T10:01:00Z' AND '2026-03-04 10:02:00.000'"
    )
    assert ask(within)[1] == [("2",)]
    moving = f"SELECT count(*) FROM {STORE} WHERE eventTime > date_add('minute', -58, now())"
    assert ask(moving)[1] == [("2",)]


def test_maps_hold_nested_values_as_json(ask):
    query = f"SELECT element_at(requestParameters, 'instancesSet') AS i FROM {STORE} WHERE eventName = 'RunInstances'"
    assert ask(query)[1] == [('{"items":[{"imageId":"ami-1","minCount":1}]}',)]
    deep = "json_extract_scalar(element_at(requestParameters, 'instancesSet'), '$.items[0].imageId')"
    assert ask(f"SELECT {deep} FROM {STORE} WHERE requestParameters IS NOT NULL ORDER BY eventTime DESC")[1] == [
        ("ami-1",), (None,), (None,),
    ]  # fmt: skip


def test_members_of_rows_in_any_case_and_depth(ask):
    path = "e.userIdentity.sessionContext.sessionIssuer.userName"
    assert ask(f"SELECT DISTINCT {path} AS role FROM {STORE} AS e")[1] == [("ops",)]
    assert ask(f"SELECT max(useridentity.SESSIONCONTEXT.attributes.creationdate) FROM {STORE}")[1] == [
        ("2026-03-04 09:00:00.000",)
    ]


def test_times_booleans_maps_and_rows_are_texts(ask):
    query = f"SELECT eventTime, readOnly, additionalEventData FROM {STORE} WHERE eventName = 'ConsoleLogin'"
    assert ask(query)[1] == [("2026-03-04 10:04:00.000", "false", "{MFAUsed=No, LoginTo=https://x}")]
    assert ask(f"SELECT resources[2] FROM {STORE} WHERE eventName = 'RunInstances'")[1] == [
        ("{accountid=null, type=AWS::EC2::Image, arn=arn:aws:ec2:eu-west-1::image/ami-1, arnprefix=null}",)
    ]


def test_lists_are_unnested_beside_their_event(ask):
    query = f"""
        SELECT eventName, r.type, n FROM {STORE}
        CROSS JOIN UNNEST(resources) WITH ORDINALITY AS r (accountid, type, arn, arnprefix, n) ORDER BY n
    """
    assert ask(query)[1] == [("RunInstances", "AWS::EC2::Instance", "1"), ("RunInstances", "AWS::EC2::Image", "2")]
    maps = (
        f"SELECT k, v FROM {STORE}, UNNEST(requestParameters) AS t (k, v) WHERE eventName = 'CreateBucket' ORDER BY k"
    )
    assert ask(maps)[1] == [("bucketName", "logs"), ("x-amz-acl", "private")]
    kept = f"SELECT count(*) FROM {STORE} LEFT JOIN UNNEST(resources) AS r (a, b, c, d) ON true"
    assert ask(kept)[1] == [("6",)]


def test_lambdas_over_resources(ask):
    query = f"SELECT eventName FROM {STORE} WHERE any_match(resources, r -> r.type LIKE '%Image')"
    assert ask(query)[1] == [("RunInstances",)]
    assert ask(f"SELECT transform(resources, r -> r.type) FROM {STORE} WHERE cardinality(resources) = 2")[1] == [
        ("[AWS::EC2::Instance, AWS::EC2::Image]",)
    ]


def test_with_joins_windows_and_unions(ask):
    query = f"""
        WITH calls AS (SELECT eventSource, count(*) AS n FROM {STORE} GROUP BY eventSource)
        SELECT e.eventName, c.n, rank() OVER (PARTITION BY e.eventSource ORDER BY e.eventTime) AS place
        FROM {STORE} e JOIN calls c ON c.eventSource = e.eventSource
        WHERE c.n > 1
        UNION ALL SELECT 'all', sum(n), 0 FROM calls
        ORDER BY 3, 1
    """
    assert ask(query)[1] == [("all", "5", "0"), ("CreateBucket", "2", "1"), ("GetBucketAcl", "2", "2")]
    assert ask(f"SELECT count(*) FROM {STORE} a JOIN {STORE} b USING (eventid)")[1] == [("5",)]


def test_sub_queries(ask):
    assert ask(f"SELECT eventName FROM {STORE} WHERE eventTime = (SELECT max(eventTime) FROM {STORE})")[1] == [
        ("ConsoleLogin",)
    ]
    outside = f"SELECT count(*) FROM {STORE} a WHERE EXISTS (SELECT 1 FROM {STORE} b WHERE b.eventID = a.eventID)"
    assert ask(outside)[1] == [("5",)]
    assert ask(f"SELECT n FROM (SELECT count(*) AS n FROM {STORE} WHERE eventName IN (SELECT 'ListUsers')) t")[1] == [
        ("1",)
    ]
    assert ask("SELECT a + b FROM (VALUES (1, 2), (3, 4)) AS t (a, b) ORDER BY 1 DESC")[1] == [("7",), ("3",)]


def test_groups(ask):
    rolled = "GROUP BY ROLLUP (eventSource, readOnly) ORDER BY n DESC"
    query = f"SELECT eventSource, readOnly, count(*) AS n FROM {STORE} {rolled}"
    assert ask(query)[1][0] == (None, None, "5")
    assert ask(f"SELECT eventSource FROM {STORE} GROUP BY eventSource HAVING count(*) > 1")[1] == [
        ("s3.amazonaws.com",)
    ]
    filtered = f"SELECT count(*) FILTER (WHERE errorCode IS NOT NULL), count(DISTINCT eventSource) FROM {STORE}"
    assert ask(filtered)[1] == [("1", "4")]
    assert ask(f"SELECT array_agg(eventName ORDER BY eventTime DESC) FROM {STORE} WHERE readOnly")[1] == [
        ("[ListUsers, GetBucketAcl]",)
    ]
    assert ask(f"SELECT listagg(eventName, ',') WITHIN GROUP (ORDER BY eventName) FROM {STORE} WHERE readOnly")[1] == [
        ("GetBucketAcl,ListUsers",)
    ]


def test_order_puts_nulls_last_unless_told_otherwise(ask):
    assert ask(f"SELECT errorCode FROM {STORE} ORDER BY errorCode DESC LIMIT 1")[1] == [("AccessDenied",)]
    assert ask(f"SELECT errorCode FROM {STORE} ORDER BY errorCode NULLS FIRST LIMIT 1")[1] == [(None,)]
    assert ask(f"SELECT eventName AS n FROM {STORE} ORDER BY lower(n) OFFSET 1 LIMIT 1")[1] == [("CreateBucket",)]


def test_a_view_has_athenas_shape(ask):
    query = """
        SELECT eventtime, json_extract_scalar(requestparameters, '$.bucketName') AS bucket, useridentity.arn
        FROM cloudtrail_logs WHERE eventsource = 's3.amazonaws.com' AND eventtime >= '2026-03-04T10:00:00Z'
        AND readonly = 'false'
    """
    assert ask(query)[1] == [("2026-03-04T10:00:00Z", "logs", "arn:aws:sts::111122223333:assumed-role/ops/0")]
    assert ask("SELECT requestparameters FROM cloudtrail_logs WHERE eventname = 'CreateBucket'")[1] == [
        ('{"bucketName":"logs","x-amz-acl":"private"}',)
    ]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (f"SELECT nothing FROM {STORE}", "Column 'nothing' cannot be resolved"),
        (f"SELECT eventName FROM {STORE} a JOIN {STORE} b ON true", "Column 'eventName' is ambiguous"),
        ("SELECT * FROM nothing", "Table 'nothing' does not exist"),
        (f"SELECT nothing(1) FROM {STORE}", "Function 'nothing' not registered"),
        (f"SELECT lower(1) FROM {STORE}", "Unexpected parameters (integer) for function lower"),
        (f"SELECT eventName, count(*) FROM {STORE}", "must appear in the GROUP BY clause"),
        (
            f"SELECT requestParameters.bucketName FROM {STORE}",
            "'bucketName' is no member of map(varchar, varchar); of a map: element_at(.., 'bucketName')",
        ),
        (f"SELECT 1 FROM {STORE} WHERE eventName", "must evaluate to a boolean"),
        (f"SELECT 1 FROM {STORE} WHERE eventName = 1", "Cannot apply operator: varchar = integer"),
        (f"SELECT eventName FROM {STORE} UNION SELECT 1, 2", "different number of fields"),
        ("SELECT 1; SELECT 2", "Only one SELECT"),
        ("", "empty"),
        ("SELECT " + "1 + " * 3000 + "1", "longer than"),
        (f"SELECT FROM FROM {STORE}", "mismatched input 'FROM'"),
        (f"SELECT {STORE}.eventName\nFROM {STORE} GROUP eventName", "line 2:49: mismatched input 'eventName'"),
        ("SELECT eventName\nFROM <your_store>", "line 2:6: mismatched input '<'"),
        ("SELECT (eventName FROM t", "line 1:19: mismatched input 'FROM'. Expecting: ')'"),
        ("SELECT 1 WHERE", "line 1:10: something is missing after 'WHERE'"),
        ("SELECT CAST(1 AS nosuch)", "line 1:18: Unknown type: nosuch"),
        ("SELECT 'abc", "A text, a quoted name or a comment does not end"),
        ("SELECT date_add('fortnight', 1, now())", "not a valid TIMESTAMP field"),
        ("SELECT json_extract('{}', '$[')", "Invalid JSON path"),
    ],
)
def test_what_is_wrong_is_said(engine, query, says):
    with pytest.raises(InvalidQueryStatement) as refused:
        engine.prepare(query)
    assert says in refused.value.message
