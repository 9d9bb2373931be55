"""What traffic did not tell, asked of the upstreams: users and roles by name, the callers behind keys.

asking       the questions themselves, with AWS's own client
remembered   each question once, its answer kept for a while
"""

from opentrail.recorder.look_ups.asking import UpstreamLookUps
from opentrail.recorder.look_ups.remembered import RememberedCallers

__all__ = ["RememberedCallers", "UpstreamLookUps"]
