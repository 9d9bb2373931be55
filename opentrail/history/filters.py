"""What a listing of history may be narrowed by: all at once, unlike LookupEvents."""

from dataclasses import dataclass

from opentrail.record.view import RecordView
from opentrail.segments.attributes import Answers, read_only_text


@dataclass(frozen=True, slots=True)
class EventFilters:
    """All that are given must hold; None leaves open. Times in microseconds, both ends inside."""

    accounts: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None  # as eventCategory has them: Management, Data, NetworkActivity, Insight
    start_us: int | None = None
    end_us: int | None = None
    event_id: str | None = None
    event_name: str | None = None
    event_source: str | None = None
    read_only: bool | None = None
    username: str | None = None
    access_key_id: str | None = None
    resource_type: str | None = None
    resource_name: str | None = None
    error_code: str | None = None
    source_ip: str | None = None
    limit: int | None = None

    def sql(self) -> tuple[str, list[object]]:
        """The filters, but for the limit, as a DuckDB condition over a segment's columns, and its parameters."""
        terms: list[str] = []
        values: list[object] = []
        for column, wanted in (("account", self.accounts), ("region", self.regions), ("category", self.categories)):
            if wanted is not None:
                terms.append(f"list_contains(?::VARCHAR[], {column})")
                values.append(list(wanted))
        for term, value in (
            ("eventtime >= make_timestamp(?::BIGINT)", self.start_us),
            ("eventtime <= make_timestamp(?::BIGINT)", self.end_us),
            ("eventid = ?", self.event_id),
            ("coalesce(eventname, insighteventname) = ?", self.event_name),
            ("coalesce(eventsource, insighteventsource) = ?", self.event_source),
            ("readonly = ?", self.read_only),
            ("username = ?", self.username),
            ("accesskeyid = ?", self.access_key_id),
            ("list_contains([entry.type for entry in lookupresources], ?)", self.resource_type),
            ("list_contains([entry.name for entry in lookupresources], ?)", self.resource_name),
            ("errorcode = ?", self.error_code),
            ("sourceipaddress = ?", self.source_ip),
        ):
            if value is not None:
                terms.append(term)
                values.append(value)
        return " AND ".join(terms) or "true", values

    def match_envelope(self, account: str, region: str, category: str, time_us: int, event_id: str) -> bool:
        """Whether what the journal knows of an event passes."""
        return (
            (self.accounts is None or account in self.accounts)
            and (self.regions is None or region in self.regions)
            and (self.categories is None or category in self.categories)
            and (self.start_us is None or time_us >= self.start_us)
            and (self.end_us is None or time_us <= self.end_us)
            and (self.event_id is None or event_id == self.event_id)
        )

    def match_record(self, record: RecordView, found: Answers) -> bool:
        """Whether what the record itself says passes; `found` is what it answers to."""
        return (
            (self.event_name is None or found.event_name == self.event_name)
            and (self.event_source is None or found.event_source == self.event_source)
            and (self.read_only is None or found.read_only == read_only_text(self.read_only))
            and (self.username is None or found.username == self.username)
            and (self.access_key_id is None or found.access_key_id == self.access_key_id)
            and (self.resource_type is None or any(kind == self.resource_type for kind, _ in found.resources))
            and (self.resource_name is None or any(name == self.resource_name for _, name in found.resources))
            and (self.error_code is None or record.errorCode == self.error_code)
            and (self.source_ip is None or record.sourceIPAddress == self.source_ip)
        )
