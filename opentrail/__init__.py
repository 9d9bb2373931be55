"""OpenTrail: CloudTrail that you run yourself.

`opentrail.record(session)` records a program's own calls where they are made: see recorder/client_side.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["__version__", "record"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from opentrail.recorder.client_side import record_calls as record


class _CallableRecord(ModuleType):
    """`opentrail.record` is a package and, called, the plug-in: the import system puts the one where the other is."""

    def __call__(self, target: Any, **options: Any) -> Any:
        """As recorder.client_side.record_calls, which is imported only now: most programs never call this."""
        return importlib.import_module("opentrail.recorder.client_side").record_calls(target, **options)


importlib.import_module("opentrail.record").__class__ = _CallableRecord  # an empty package: it costs nothing
