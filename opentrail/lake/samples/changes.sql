-- Logging switched off or changed
-- Calls that stop, change or delete trails and event data stores.
SELECT eventTime, userIdentity.arn, eventName, coalesce(element_at(requestParameters, 'name'), '') AS trail
FROM $EDS_ID
WHERE eventSource = 'cloudtrail.amazonaws.com'
  AND eventName IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore')

-- Instances started, with their images
-- One row an instance that RunInstances asked for: image, and least number.
SELECT eventTime, userIdentity.arn, json_extract_scalar(item, '$.imageId') AS image,
  CAST(json_extract(item, '$.minCount') AS bigint) AS least
FROM $EDS_ID
CROSS JOIN UNNEST(CAST(json_extract(element_at(requestParameters, 'instancesSet'), '$.items') AS array(json))) AS t (item)
WHERE eventName = 'RunInstances'

-- Regions where things are made
-- Creating calls by Region, to notice one that nobody should use.
SELECT awsRegion, count(*) AS made, min(eventTime) AS since
FROM $EDS_ID
WHERE starts_with(eventName, 'Create') OR starts_with(eventName, 'Run')
GROUP BY awsRegion
ORDER BY since DESC

-- Creations and deletions side by side
-- For each service how much was created and deleted, as one table.
SELECT 'created' AS what, eventSource, count(*) AS calls FROM $EDS_ID WHERE eventName LIKE 'Create%' GROUP BY eventSource
UNION ALL
SELECT 'deleted' AS what, eventSource, count(*) AS calls FROM $EDS_ID WHERE eventName LIKE 'Delete%' GROUP BY eventSource
ORDER BY eventSource, what

-- Changes outside office hours
-- Write calls at weekends or before 7 and after 19 o'clock of UTC.
SELECT eventTime, day_of_week(eventTime) AS weekday, hour(eventTime) AS hour, userIdentity.arn, eventName
FROM $EDS_ID
WHERE readOnly = false AND (day_of_week(eventTime) IN (6, 7) OR hour(eventTime) NOT BETWEEN 7 AND 19)

-- Buckets made and deleted soon after
-- Buckets that lived no longer than a day.
SELECT made.bucket, made.eventTime AS created, gone.eventTime AS deleted
FROM (
  SELECT element_at(requestParameters, 'bucketName') AS bucket, eventTime FROM $EDS_ID WHERE eventName = 'CreateBucket'
) AS made
INNER JOIN (
  SELECT element_at(requestParameters, 'bucketName') AS bucket, eventTime FROM $EDS_ID WHERE eventName = 'DeleteBucket'
) AS gone ON gone.bucket = made.bucket
WHERE gone.eventTime BETWEEN made.eventTime AND made.eventTime + INTERVAL '1' DAY

-- Users without a later change
-- Users that were created and whose password profile was never made.
SELECT made.user_name, made.eventTime
FROM (SELECT element_at(requestParameters, 'userName') AS user_name, eventTime FROM $EDS_ID WHERE eventName = 'CreateUser') AS made
LEFT JOIN (
  SELECT element_at(requestParameters, 'userName') AS user_name FROM $EDS_ID WHERE eventName = 'CreateLoginProfile'
) AS profile ON profile.user_name = made.user_name
WHERE profile.user_name IS NULL

-- Busiest operation of every service
-- The operation with most calls of each service, ranked.
SELECT eventSource, eventName, calls
FROM (
  SELECT eventSource, eventName, count(*) AS calls,
    rank() OVER (PARTITION BY eventSource ORDER BY count(*) DESC, eventName) AS place
  FROM $EDS_ID
  GROUP BY eventSource, eventName
) AS ranked
WHERE place = 1
ORDER BY calls DESC, eventSource

-- Calls by day and a running total
-- Events a day, and the sum of all days up to it.
SELECT day, events, sum(events) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far
FROM (SELECT date_trunc('day', eventTime) AS day, count(*) AS events FROM $EDS_ID GROUP BY date_trunc('day', eventTime)) AS days
ORDER BY day

-- Services by calls, with a total
-- Events by service and kind, with subtotals.
SELECT eventSource, eventCategory, count(*) AS events
FROM $EDS_ID
GROUP BY ROLLUP (eventSource, eventCategory)
ORDER BY events DESC, eventSource, eventCategory

-- Reads and writes by hour of the day
-- When work is done: a row an hour of the day.
SELECT hour(eventTime) AS hour, sum(CASE WHEN readOnly THEN 1 ELSE 0 END) AS reads,
  sum(CASE WHEN readOnly THEN 0 ELSE 1 END) AS writes
FROM $EDS_ID
GROUP BY hour(eventTime)
ORDER BY 1

-- Tags that calls set
-- Keys and values of tags that were put on resources.
SELECT eventTime, json_extract_scalar(tag, '$.key') AS tag_key, json_extract_scalar(tag, '$.value') AS tag_value
FROM $EDS_ID
CROSS JOIN UNNEST(CAST(json_extract(element_at(requestParameters, 'tagSet'), '$.items') AS array(json))) AS t (tag)
WHERE eventName = 'CreateTags'

-- Results of evaluations of Config rules
-- What rules reported of resources, out of the first evaluation of each report.
SELECT eventTime, element_at(additionalEventData, 'configRuleName') AS rule,
  json_extract_scalar(json_array_get(element_at(requestParameters, 'evaluations'), 0), '$.complianceType') AS compliance,
  json_array_length(element_at(requestParameters, 'evaluations')) AS evaluations
FROM $EDS_ID
WHERE eventName = 'PutEvaluations' AND NOT is_json_scalar(element_at(requestParameters, 'evaluations'))

-- Values of a JSON list of parameters
-- Calls whose list of names holds a certain one.
SELECT eventTime, eventName, element_at(requestParameters, 'names') AS names
FROM $EDS_ID
WHERE json_array_contains(element_at(requestParameters, 'names'), 'admin')

-- The record as it is
-- The recorded JSON of the newest events, and its checksum.
SELECT eventID, json_format(json_parse(eventJson)) AS record, json_size(eventJson, '$') AS members, eventJsonChecksum
FROM $EDS_ID
ORDER BY eventTime DESC
LIMIT 10

-- Members of identities
-- The identity of newest events as a map, member by member.
SELECT eventID, element_at(CAST(json_extract(eventJson, '$.userIdentity') AS map(varchar, json)), 'type') AS identity_type,
  CAST(json_extract(eventJson, '$.userIdentity.type') AS varchar) AS same
FROM $EDS_ID
ORDER BY eventTime DESC
LIMIT 10

-- Calendar of events
-- Events by year, quarter, week and day of the year.
SELECT year(eventTime) AS y, quarter(eventTime) AS q, year_of_week(eventTime) AS iso_year, week(eventTime) AS w,
  day_of_year(eventTime) AS doy, day_of_month(eventTime) AS dom, min(minute(eventTime)) AS first_minute,
  max(second(eventTime)) AS last_second, count(*) AS events
FROM $EDS_ID
WHERE date(eventTime) <= date(current_timestamp)
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY y, doy

-- Window between two bounds
-- Newest and oldest of the events of the last thirty days, and how far apart they are.
SELECT greatest(max(eventTime), timestamp '2000-01-01 00:00:00') AS newest, least(min(eventTime), max(eventTime)) AS oldest,
  max(eventTime) - min(eventTime) AS apart, count(*) AS events
FROM $EDS_ID
WHERE eventTime BETWEEN now() - INTERVAL '30' DAY AND now()

-- Median and slowest of a number in parameters
-- Percentiles of the sizes that objects had when they were written.
SELECT approx_percentile(try_cast(element_at(additionalEventData, 'bytesTransferredIn') AS double), 0.5) AS median,
  max(try_cast(element_at(additionalEventData, 'bytesTransferredIn') AS double)) AS largest
FROM $EDS_ID
WHERE eventName = 'PutObject'

-- Severity of calls
-- Write calls weighted by a table that you write yourself.
SELECT eventName, element_at(map(ARRAY['StopLogging', 'DeleteBucket', 'CreateAccessKey'], ARRAY[10, 7, 5]), eventName) AS severity
FROM $EDS_ID
WHERE contains(ARRAY['StopLogging', 'DeleteBucket', 'CreateAccessKey'], eventName)
ORDER BY severity DESC

-- Days with events, gaps too
-- A row for every one of the last eight days, with none where nothing happened.
SELECT days.day, count(e.eventID) AS events
FROM $EDS_ID AS e
RIGHT JOIN (SELECT day FROM UNNEST(sequence(current_date - INTERVAL '7' DAY, current_date)) AS t (day)) AS days
  ON date(e.eventTime) = days.day
GROUP BY days.day
ORDER BY days.day

-- Calls inside a queue of sessions
-- The third call of every session, if it has so many.
SELECT userIdentity.principalId AS session, eventName
FROM (SELECT *, row_number() OVER (PARTITION BY userIdentity.principalId ORDER BY eventTime, eventID) AS n FROM $EDS_ID) AS e
WHERE n = 3

-- Accounts that events came from
-- Callers' accounts other than the account whose event it is.
SELECT DISTINCT userIdentity.accountId AS caller_account, recipientAccountId
FROM $EDS_ID
WHERE userIdentity.accountId <> recipientAccountId
