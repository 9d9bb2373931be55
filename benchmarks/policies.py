"""One decision by policy: microseconds of CPU, for a caller with policies as they are in real accounts.

10 identity policies of 4 statements each, a boundary and one level of an organization; the request has the global keys.
Goal: below 30 µs. Run alone: `python -m benchmarks.policies`.
"""

import json
import time

from opentrail.accounts.policy import Caller, Policies, Request, decide, read_identity_policy

DECISIONS = 20_000
ARN = "arn:aws:iam::111122223333:user/dana"
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
CONTEXT: dict[str, str | tuple[str, ...]] = {
    "aws:PrincipalArn": ARN,
    "aws:PrincipalAccount": "111122223333",
    "aws:PrincipalType": "User",
    "aws:userid": "AIDAEXAMPLE",
    "aws:username": "dana",
    "aws:SourceIp": "203.0.113.7",
    "aws:SecureTransport": "true",
    "aws:CurrentTime": "2026-11-21T10:00:00Z",
    "aws:EpochTime": "1795255200",
    "aws:RequestedRegion": "eu-west-1",
    "aws:UserAgent": "aws-cli/2.31.0",
}


def _policy(number: int, last: bool) -> str:
    statements = [
        {"Effect": "Allow", "Action": [f"service{number}:Get*", f"service{number}:List*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::bucket-{number}/${{aws:username}}/*"]},
        {
            "Effect": "Deny",
            "Action": "cloudtrail:*",
            "Resource": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["cloudtrail:GetTrailStatus"] if last else ["ec2:Describe*", "ec2:StopInstances"],
            "Resource": "arn:aws:cloudtrail:*:111122223333:trail/*" if last else "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def main() -> None:
    everything = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    allow = read_identity_policy(everything)
    for label, policies in (
        ("one policy of one statement", Policies((allow,))),
        (
            "10 policies of 4, boundary, organization",
            Policies(
                tuple(read_identity_policy(_policy(number, number == 9)) for number in range(10)),
                allow,
                service_control=((allow,),),
            ),
        ),
    ):
        caller = Caller(account="111122223333", arns=(ARN,), ids=("AIDAEXAMPLE",))
        request = Request(caller, "cloudtrail:GetTrailStatus", TRAIL, CONTEXT)
        assert decide(policies, request).allows
        began = time.process_time()
        for _ in range(DECISIONS):
            decide(policies, request)
        used = time.process_time() - began
        print(f"{label:42} {used / DECISIONS * 1e6:6.2f} µs CPU a decision", flush=True)


if __name__ == "__main__":
    main()
