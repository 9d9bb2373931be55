-- Most frequent errors
-- Error codes by how often calls ended with them, with one message for each.
SELECT errorCode, count(*) AS times, arbitrary(errorMessage) AS message
FROM $EDS_ID
WHERE errorCode IS NOT NULL
GROUP BY errorCode
ORDER BY times DESC

-- Denied calls by caller
-- Who was refused what: access that policies denied, by caller, service and operation.
SELECT userIdentity.arn, eventSource, eventName, count(*) AS denied
FROM $EDS_ID
WHERE lower(errorCode) LIKE '%denied%' OR errorCode LIKE '%Unauthorized%'
GROUP BY userIdentity.arn, eventSource, eventName
ORDER BY denied DESC
LIMIT 100

-- Share of calls that fail
-- For every service the share of its calls that ended in an error, in percent.
SELECT eventSource, count(*) AS calls, count_if(errorCode IS NOT NULL) AS failed,
  round(100e0 * count_if(errorCode IS NOT NULL) / count(*), 1) AS percent
FROM $EDS_ID
GROUP BY eventSource
HAVING count_if(errorCode IS NOT NULL) > 0
ORDER BY percent DESC

-- Operations that only ever failed
-- Operations a caller tried and never got through with: probing, or a missing permission.
SELECT userIdentity.arn, eventName FROM $EDS_ID WHERE errorCode IS NOT NULL
EXCEPT
SELECT userIdentity.arn, eventName FROM $EDS_ID WHERE errorCode IS NULL

-- Operations that fail for some and work for others
-- Names of operations that both succeeded and failed.
SELECT eventName FROM $EDS_ID WHERE errorCode IS NULL
INTERSECT
SELECT eventName FROM $EDS_ID WHERE errorCode IS NOT NULL

-- Throttled calls an hour
-- When limits of request rates were hit, by hour and service.
SELECT date_format(eventTime, '%Y-%m-%d %H:00') AS hour, eventSource, count(*) AS throttled
FROM $EDS_ID
WHERE regexp_like(errorCode, '(?i)throttl|RequestLimitExceeded|TooManyRequests')
GROUP BY date_format(eventTime, '%Y-%m-%d %H:00'), eventSource
ORDER BY hour

-- Errors and the call before them
-- Failed calls with the same caller's call just before, and the seconds between.
WITH calls AS (
  SELECT userIdentity.arn AS caller, eventTime, eventName, errorCode,
    lag(eventName) OVER (PARTITION BY userIdentity.arn ORDER BY eventTime, eventID) AS before,
    lag(eventTime) OVER (PARTITION BY userIdentity.arn ORDER BY eventTime, eventID) AS before_time
  FROM $EDS_ID
)
SELECT caller, eventTime, eventName, errorCode, before, date_diff('second', before_time, eventTime) AS seconds
FROM calls
WHERE errorCode IS NOT NULL AND before IS NOT NULL

-- Denied encryption keys
-- Calls refused because a key may not be used, with the key named in the message.
SELECT eventTime, userIdentity.arn, regexp_extract(errorMessage, 'arn:aws[\w-]*:kms:[^ ]+') AS key
FROM $EDS_ID
WHERE errorCode IS NOT NULL AND strpos(errorMessage, ':kms:') > 0

-- Dry runs
-- Calls that only asked whether they would be allowed.
SELECT eventTime, userIdentity.arn, eventName
FROM $EDS_ID
WHERE errorCode = 'Client.DryRunOperation' OR element_at(requestParameters, 'dryRun') = 'true'
