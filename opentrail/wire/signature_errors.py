"""Why a signature is refused, with the codes and statuses that each AWS protocol has for it."""

from typing import ClassVar

from opentrail.errors import ClientError


class SignatureError(ClientError):
    """The request signature cannot be accepted.

    `code` and `status` are those of the JSON services; the other attributes are what the same refusal is
    called by services of another protocol. `s3_message` is S3's own wording.
    """

    code = "InvalidSignatureException"
    status = 400
    rest_json_status: ClassVar[int] = 403
    query_code: ClassVar[str] = "SignatureDoesNotMatch"
    query_status: ClassVar[int] = 403
    ec2_code: ClassVar[str] = "AuthFailure"
    ec2_status: ClassVar[int] = 401
    s3_code: ClassVar[str] = "SignatureDoesNotMatch"
    s3_status: ClassVar[int] = 403
    s3_message: ClassVar[str | None] = None


class InvalidSignature(SignatureError):
    """The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."""  # noqa: E501

    s3_message = (
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method."
    )


class MissingAuthentication(SignatureError):
    """Missing Authentication Token"""

    code = "MissingAuthenticationTokenException"
    query_code = "MissingAuthenticationToken"
    s3_code = "AccessDenied"
    s3_message = "Access Denied"


class IncompleteSignature(SignatureError):
    """The Authorization header lacks a part or holds one that cannot be read."""

    code = "IncompleteSignatureException"
    query_code = "IncompleteSignature"
    query_status = 400
    s3_code = "AuthorizationHeaderMalformed"
    s3_status = 400


class IncompleteQuerySignature(IncompleteSignature):
    """The query of a presigned URL lacks a part of its signature or holds one that cannot be read."""

    s3_code = "AuthorizationQueryParametersError"


class UnsupportedAlgorithm(IncompleteSignature):
    """The signing algorithm is not supported: use AWS4-HMAC-SHA256 (SigV4)."""

    s3_code = "InvalidRequest"


class AmbiguousAuthentication(IncompleteSignature):
    """Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"""  # noqa: E501

    s3_code = "InvalidArgument"


class PolicyRefused(SignatureError):
    """The policy of the form does not allow this upload."""

    s3_code = "AccessDenied"


class UnknownAccessKey(SignatureError):
    """The security token included in the request is invalid."""

    code = "UnrecognizedClientException"
    query_code = "InvalidClientTokenId"
    s3_code = "InvalidAccessKeyId"
    s3_message = "The AWS Access Key Id you provided does not exist in our records."


class InvalidToken(UnknownAccessKey):
    """The security token included in the request is invalid."""

    s3_code = "InvalidToken"
    s3_status = 400
    s3_message = "The provided token is malformed or otherwise invalid."


class ExpiredToken(SignatureError):
    """The security token included in the request is expired"""

    code = "ExpiredTokenException"
    query_code = "ExpiredToken"
    ec2_code = "RequestExpired"
    ec2_status = 400
    s3_code = "ExpiredToken"
    s3_status = 400
    s3_message = "The provided token has expired."


class SignatureExpired(SignatureError):
    """Signature expired: the clock of the caller and ours are too far apart."""

    ec2_code = "RequestExpired"
    ec2_status = 400
    s3_code = "RequestTimeTooSkewed"
    s3_message = "The difference between the request time and the current time is too large."


class PresignExpired(SignatureExpired):
    """Signature expired: the presigned URL is past its end."""

    s3_code = "AccessDenied"
    s3_message = "Request has expired"


class PresignNotYetValid(SignatureExpired):
    """Signature not yet current: the presigned URL is dated in the future."""

    s3_code = "AccessDenied"
    s3_message = "Request is not yet valid"


class HeadersNotSigned(SignatureError):
    """There were headers present in the request which were not signed"""

    s3_code = "AccessDenied"


class MissingPayloadHash(SignatureError):
    """Missing required header for this request: x-amz-content-sha256"""

    s3_code = "InvalidRequest"
    s3_status = 400


class PayloadMismatch(SignatureError):
    """The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."""  # noqa: E501

    s3_code = "XAmzContentSHA256Mismatch"
    s3_status = 400
    s3_message = "The provided 'x-amz-content-sha256' header does not match what was computed."


class InvalidPayloadHash(SignatureError):
    """x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."""  # noqa: E501

    s3_code = "InvalidArgument"
    s3_status = 400


class SignatureVersionTooOld(SignatureError):
    """A parameter of this request is not covered by Signature Version 2. Please use AWS4-HMAC-SHA256."""

    s3_code = "InvalidRequest"
    s3_status = 400
