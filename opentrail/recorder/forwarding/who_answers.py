"""Who answers a call: the upstream of its service, or we ourselves."""

from opentrail.recorder.answers.refusals import HiddenPath, NoUpstream
from opentrail.recorder.call import Call
from opentrail.recorder.surroundings import Surroundings


def choose_upstream(around: Surroundings, call: Call) -> None:
    """Who answers for the service; nobody is an error only once it is known who asks."""
    call.upstream = around.upstreams.for_service(call.service)


def find_own_answer(around: Surroundings, call: Call) -> None:
    """Whether the call is answered here; its upstream's guards hold all the same."""
    call.answered_here = around.own_sts is not None and around.own_sts.claims(call)


def require_upstream(around: Surroundings, call: Call) -> None:
    """Somebody answers for the service, and the path is one of its own."""
    if call.answered_here:
        return
    if call.upstream is None:
        raise NoUpstream(f"No upstream is configured for {call.service or 'this service'}.")
    if call.upstream.hides(call.request.path):
        raise HiddenPath
    if call.service is None and call.upstream.account_header is not None:
        raise NoUpstream("The service in the scope of the Credential is unknown.")  # its record could not name the call
