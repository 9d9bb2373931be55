-- Evidence by control
-- How much evidence each control has, and how much of it says that it is not complied with.
-- store: Evidence
SELECT eventData.controlName, count(*) AS evidence, count_if(eventData.complianceCheck = 'FAILED') AS failed
FROM $EDS_ID
GROUP BY eventData.controlName
ORDER BY failed DESC

-- Sources of evidence
-- Where evidence came from, by framework.
-- store: Evidence
SELECT eventData.frameworkName, eventData.dataSource, count(*) AS evidence, max(eventData.time) AS newest
FROM $EDS_ID
GROUP BY eventData.frameworkName, eventData.dataSource
