"""What is wrong with event selectors."""

from opentrail.errors import ClientError


class InvalidEventSelectors(ClientError):
    """This exception is thrown when the PutEventSelectors operation is called with a number of event selectors, advanced event selectors, or data resources that is not valid."""  # noqa: E501

    code = "InvalidEventSelectorsException"


class InvalidInsightSelectors(ClientError):
    """The insight selectors are not valid."""

    code = "InvalidInsightSelectorsException"
