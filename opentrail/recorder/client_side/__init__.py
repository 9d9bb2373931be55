"""Recording inside the caller's own program, for programs that cannot be put behind the proxy: weaker evidence.

attaching      `opentrail.record(session)`: what the caller gets, and where it takes hold
watching       botocore's events -> what one call asked and got, noted in microseconds
understanding  what was noted -> a record, with the interpretation and shapes of the proxy; secrets go here
caller         who the program is, as STS tells it once
shipping       the thread that brings records to their destination, in batches, and what it does when it cannot
destinations   a server's door, or a file of JSON lines
reported       the form in which calls are reported to a server

docs/CLIENT-RECORDING.md says what such records can and cannot prove. Nothing here imports the server.
"""

from opentrail.recorder.client_side.attaching import Recording, record_calls

__all__ = ["Recording", "record_calls"]
