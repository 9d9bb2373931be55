"""PostObject: what a form upload to S3 asks for, in the terms of a CloudTrail record."""

from typing import Any

from opentrail.record.redaction import redact_parameters
from opentrail.recorder.shapes.s3 import bucket_and_key
from opentrail.recorder.understanding.event_names import event_source
from opentrail.recorder.understanding.interpretation import Interpreted
from opentrail.wire.http import HttpRequest
from opentrail.wire.post_form import PostForm

POST_OBJECT = "PostObject"
_METADATA = "x-amz-meta-"


def interpret_form(request: HttpRequest, form: PostForm) -> Interpreted:
    """The call of a form: bucket, host, key and the fields about the object; never its policy and signature."""
    bucket, _ = bucket_and_key(request)
    source = event_source("s3")
    shaped: dict[str, Any] = {"bucketName": bucket} if bucket else {}
    shaped |= {"Host": request.host, "key": form.key}
    shaped |= {name: text for name, text in form.of_the_object().items() if not name.lower().startswith(_METADATA)}
    return Interpreted(
        service="s3",
        event_source=source,
        event_name=POST_OBJECT,
        operation_name=POST_OBJECT,
        read_only=False,
        category="Data",
        request_parameters=redact_parameters(source, POST_OBJECT, shaped),
        protocol="rest-xml",
        parameters={"Bucket": bucket, "Key": form.key},
    )
