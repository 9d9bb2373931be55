"""Synthetic but varied CloudTrail records, made fast: some 5 us each."""

import random
from collections.abc import Iterator

from opentrail.journal import Entries
from opentrail.record.times import format_event_time

ACCOUNTS = tuple(str(111111111111 + number) for number in range(5))
REGIONS = ("us-east-1", "eu-west-1", "us-west-2")
START_US = 1_790_812_800_000_000
SPAN_S = 90 * 86_400

_CALLS = (
    # source, name, read only, category, parameters, weight
    ("s3.amazonaws.com", "GetObject", "true", "Data", '{"bucketName":"%(bucket)s","key":"data/%(hex)s"}', 12),
    ("s3.amazonaws.com", "PutObject", "false", "Data", '{"bucketName":"%(bucket)s","key":"logs/%(hex)s"}', 8),
    ("s3.amazonaws.com", "GetBucketAcl", "true", "Management", '{"bucketName":"%(bucket)s","acl":""}', 14),
    ("ec2.amazonaws.com", "DescribeInstances", "true", "Management", '{"maxResults":1000,"filterSet":{}}', 16),
    ("ec2.amazonaws.com", "RunInstances", "false", "Management", '{"subnetId":"subnet-%(small)s","minCount":1}', 3),
    ("ec2.amazonaws.com", "TerminateInstances", "false", "Management",
     '{"instancesSet":{"items":[{"instanceId":"i-%(hex)s"}]}}', 2),
    ("iam.amazonaws.com", "GetRole", "true", "Management", '{"roleName":"role-%(small)s"}', 6),
    ("iam.amazonaws.com", "CreateUser", "false", "Management", '{"userName":"new-%(hex)s"}', 1),
    ("sts.amazonaws.com", "AssumeRole", "true", "Management",
     '{"roleArn":"arn:aws:iam::%(account)s:role/role-%(small)s","roleSessionName":"s-%(hex)s"}', 16),
    ("kms.amazonaws.com", "Decrypt", "true", "Management", '{"encryptionContext":{"aws:s3:arn":"%(bucket)s"}}', 12),
    ("dynamodb.amazonaws.com", "DescribeTable", "true", "Management", '{"tableName":"table-%(small)s"}', 6),
    ("cloudtrail.amazonaws.com", "LookupEvents", "true", "Management", '{"maxResults":50}', 2),
    ("lambda.amazonaws.com", "GetFunction20150331v2", "true", "Management", '{"functionName":"fn-%(small)s"}', 4),
)  # fmt: skip
_WEIGHTS = [call[-1] for call in _CALLS]

_RECORD = (
    '{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA%(small)016d:%(user)s",'
    '"arn":"arn:aws:sts::%(account)s:assumed-role/role-%(small)s/%(user)s","accountId":"%(account)s",'
    '"accessKeyId":"ASIA%(key)016d","sessionContext":{"sessionIssuer":{"type":"Role",'
    '"principalId":"AROA%(small)016d","arn":"arn:aws:iam::%(account)s:role/role-%(small)s",'
    '"accountId":"%(account)s","userName":"role-%(small)s"},"attributes":{"creationDate":"%(stamp)s",'
    '"mfaAuthenticated":"false"}}},"eventTime":"%(stamp)s","eventSource":"%(source)s","eventName":"%(name)s",'
    '"awsRegion":"%(region)s","sourceIPAddress":"203.0.%(third)d.%(fourth)d",'
    '"userAgent":"aws-sdk-go-v2/1.30.%(third)d os/linux lang/go#1.24.%(fourth)d md/GOOS#linux api/%(name)s",'
    '"requestParameters":%(parameters)s,"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4",'
    '"CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"bytesTransferredOut":%(key)d},'
    '"requestID":"%(request)s","eventID":"%(event)s","readOnly":%(reads)s,"eventType":"AwsApiCall",'
    '"managementEvent":%(managed)s,"recipientAccountId":"%(account)s","eventCategory":"%(category)s",'
    '"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",'
    '"clientProvidedHostHeader":"%(source)s"}}'
)


def made_batches(count: int, batch: int = 4096, seed: int = 1, start_us: int = START_US) -> Iterator[Entries]:
    """`count` events over SPAN_S from `start_us`, a little out of order, in batches."""
    chance = random.Random(seed)
    made = 0
    while made < count:
        entries = Entries.empty()
        for number in range(made, min(made + batch, count)):
            _add(entries, chance, start_us + (number * SPAN_S // count + chance.randrange(-30, 30)) * 1_000_000)
        made += entries.count
        yield entries


def _add(entries: Entries, chance: random.Random, time_us: int) -> None:
    source, name, reads, category, parameters, _ = chance.choices(_CALLS, _WEIGHTS)[0]
    account = ACCOUNTS[min(int(chance.paretovariate(1)) - 1, 4)]
    region = REGIONS[min(int(chance.paretovariate(1.2)) - 1, 2)]
    user = int(chance.paretovariate(0.7)) % 20_000
    event = _uuid(chance)
    values = {
        "account": account,
        "region": region,
        "stamp": format_event_time(time_us),
        "source": source,
        "name": name,
        "reads": reads,
        "category": category,
        "managed": "true" if category == "Management" else "false",
        "small": user % 300,
        "user": f"user-{user}",
        "key": user * 7 + chance.randrange(4),
        "bucket": f"bucket-{int(chance.paretovariate(0.8)) % 5000}",
        "hex": f"{chance.getrandbits(64):016x}",
        "third": chance.randrange(256),
        "fourth": chance.randrange(256),
        "request": _uuid(chance),
        "event": event,
    }
    values["parameters"] = parameters % values
    entries.accounts.append(account)
    entries.regions.append(region)
    entries.categories.append(category)
    entries.times_us.append(time_us)
    entries.event_ids.append(event)
    entries.bodies.append((_RECORD % values).encode())


def _uuid(chance: random.Random) -> str:
    bits = f"{chance.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"
