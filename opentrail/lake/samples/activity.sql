-- Events of your own applications
-- What your applications reported, by source and name.
-- store: ActivityAuditLog
SELECT eventData.eventSource, eventData.eventName, count(*) AS events
FROM $EDS_ID
GROUP BY eventData.eventSource, eventData.eventName
ORDER BY events DESC

-- What a user of an application did
-- Events by user of an application, with details that the application gave.
-- store: ActivityAuditLog
SELECT eventData.userIdentity.principalId AS user_id, eventData.userIdentity.details['team'] AS team,
  listagg(eventData.eventName, ', ') WITHIN GROUP (ORDER BY eventTime) AS did
FROM $EDS_ID
WHERE cardinality(eventData.userIdentity.details) > 0
GROUP BY eventData.userIdentity.principalId, eventData.userIdentity.details['team']

-- Delay of reported events
-- How long after an event happened it was reported, in seconds, by channel.
-- store: ActivityAuditLog
SELECT metadata.channelArn,
  max(date_diff('second', from_iso8601_timestamp(eventData.eventTime), from_iso8601_timestamp(metadata.ingestionTime))) AS slowest
FROM $EDS_ID
GROUP BY metadata.channelArn
