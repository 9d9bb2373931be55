"""Whether CloudTrail may publish to a trail's topic: it must be there, and its policy must allow the service to."""

from opentrail.accounts.policy import Caller, PolicyUnreadable, Request, evaluate, read_policy
from opentrail.arn import parse_arn
from opentrail.catalog.trails import Trail
from opentrail.trails.clients import S3_ERRORS, SERVICE, Clients, refusal_code
from opentrail.trails.faults import InsufficientTopicPolicy


class TopicCheck:
    """Checks topics."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def check(self, trail: Trail) -> None:
        """Raises InsufficientTopicPolicy, DestinationUnknown. Nothing is asked for a trail without a topic."""
        topic = trail.sns_topic_arn
        arn = parse_arn(topic) if topic is not None else None
        if topic is None or arn is None:
            return
        client = self._clients.client("sns", trail.account, arn.region)
        try:
            attributes = client.get_topic_attributes(TopicArn=topic)["Attributes"]
        except S3_ERRORS as error:
            refusal_code(error, f"SNS topic {topic}")
            raise InsufficientTopicPolicy from error
        if not self._clients.as_service:
            return
        context = {"aws:SourceArn": trail.arn, "aws:SourceAccount": trail.account, "aws:PrincipalIsAWSService": "true"}
        request = Request(Caller(service=SERVICE), "SNS:Publish", topic, context)
        try:
            policy = read_policy(attributes.get("Policy", "{}"))
        except PolicyUnreadable as unreadable:
            raise InsufficientTopicPolicy from unreadable
        if not evaluate([policy], request).allows:
            raise InsufficientTopicPolicy
