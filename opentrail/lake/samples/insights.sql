-- Open insights
-- Unusual activity that began and has not ended yet.
-- store: Insight
SELECT started.sharedEventId, started.insightEventSource, started.insightEventName, started.eventTime
FROM $EDS_ID AS started
LEFT JOIN $EDS_ID AS ended ON ended.sharedEventId = started.sharedEventId AND ended.insightState = 'End'
WHERE started.insightState = 'Start' AND ended.eventId IS NULL

-- Insights by how unusual they were
-- How many times the usual rate was reached, highest first.
-- store: Insight
SELECT insightEventSource, insightEventName, insightType, insightContext.insightAverage / insightContext.baselineAverage AS times
FROM $EDS_ID
WHERE insightState = 'Start' AND insightContext.baselineAverage > 0
ORDER BY times DESC

-- Who was behind an insight
-- The values that insights are attributed to, with their rates.
-- store: Insight
SELECT insightEventName, a.attribute, a.insight.value AS during, a.insight.average AS rate, a.baseline.value AS usual
FROM $EDS_ID
CROSS JOIN UNNEST(insightContext.attributions) AS t (a)
