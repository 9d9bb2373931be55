"""Functions of dates and times; units of `date_add` and the like must be literals."""

from typing import Final

TABLE: Final = r"""
now() -> zoned : now_()
current_timestamp() -> zoned : now_()
localtimestamp() -> timestamp : now_()
current_date() -> date : CAST(now_() AS DATE)
current_timezone() -> varchar : 'UTC'
date(varchar) -> date : CAST({0} AS DATE)
date(moment) -> date : CAST({0} AS DATE)
date_trunc(varchar, date) -> date : CAST(date_trunc({0}, {1}) AS DATE)
date_trunc(varchar, timestamp) -> timestamp : date_trunc({0}, {1})
date_trunc(varchar, zoned) -> zoned : date_trunc
date_add(varchar, bigint, date) -> date : moved
date_add(varchar, bigint, timestamp) -> timestamp : moved
date_add(varchar, bigint, zoned) -> zoned : moved
date_diff(varchar, moment, moment) -> bigint : date_sub({0}, CAST({1} AS TIMESTAMP), CAST({2} AS TIMESTAMP))
year(moment) -> bigint : year({0})
quarter(moment) -> bigint : quarter({0})
month(moment) -> bigint : month({0})
week(moment) -> bigint : week({0})
week_of_year(moment) -> bigint : week({0})
year_of_week(moment) -> bigint : isoyear({0})
yow(moment) -> bigint : isoyear({0})
day(moment) -> bigint : day({0})
day_of_month(moment) -> bigint : day({0})
day_of_week(moment) -> bigint : isodow({0})
dow(moment) -> bigint : isodow({0})
day_of_year(moment) -> bigint : dayofyear({0})
doy(moment) -> bigint : dayofyear({0})
hour(moment) -> bigint : hour({0})
minute(moment) -> bigint : minute({0})
second(moment) -> bigint : second({0})
millisecond(moment) -> bigint : (millisecond({0}) % 1000)
timezone_hour(zoned) -> bigint : 0
timezone_minute(zoned) -> bigint : 0
last_day_of_month(moment) -> date : last_day({0})
from_unixtime(number) -> zoned : make_timestamp(CAST(round({0} * 1000000) AS BIGINT))
from_unixtime_nanos(number) -> zoned : make_timestamp(CAST({0} // 1000 AS BIGINT))
to_unixtime(moment) -> double : epoch(CAST({0} AS TIMESTAMP))
to_milliseconds(interval) -> bigint : CAST(epoch({0}) * 1000 AS BIGINT)
from_iso8601_timestamp(varchar) -> zoned : CAST({0} AS TIMESTAMP)
from_iso8601_date(varchar) -> date : CAST({0} AS DATE)
to_iso8601(date) -> varchar : strftime({0}, '%Y-%m-%d')
to_iso8601(timestamp) -> varchar : strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')
to_iso8601(zoned) -> varchar : strftime({0}, '%Y-%m-%dT%H:%M:%S.%gZ')
date_format(moment, varchar) -> varchar : mysql_format
date_parse(varchar, varchar) -> timestamp : mysql_parse
format_datetime(moment, varchar) -> varchar : joda_format
parse_datetime(varchar, varchar) -> zoned : joda_parse
at_timezone(zoned, varchar) -> zoned : {0}
with_timezone(timestamp, varchar) -> zoned : with_timezone
from_iso8601_timestamp_nanos(varchar) -> zoned : CAST({0} AS TIMESTAMP)
current_timestamp(bigint) -> zoned : now_()
localtimestamp(bigint) -> timestamp : now_()
"""
