-- Configuration items by type
-- How many items were recorded of every type of resource, and of how many resources.
-- store: ConfigurationItem
SELECT eventData.resourceType, count(*) AS items, count(DISTINCT eventData.resourceId) AS resources
FROM $EDS_ID
GROUP BY eventData.resourceType
ORDER BY items DESC

-- Latest state of resources
-- The newest item of every resource, with a part of its configuration.
-- store: ConfigurationItem
SELECT resource, status, encryption
FROM (
  SELECT eventData.resourceId AS resource, eventData.configurationItemStatus AS status,
    json_extract_scalar(element_at(eventData.configuration, 'encryption'), '$.type') AS encryption,
    row_number() OVER (PARTITION BY eventData.resourceId ORDER BY eventTime DESC) AS age
  FROM $EDS_ID
) AS items
WHERE age = 1

-- Tags of resources
-- Resources by the value of a tag.
-- store: ConfigurationItem
SELECT element_at(eventData.tags, 'team') AS team, array_agg(DISTINCT eventData.resourceName) AS resources
FROM $EDS_ID
WHERE element_at(eventData.tags, 'team') IS NOT NULL
GROUP BY element_at(eventData.tags, 'team')

-- Relationships between resources
-- What a resource is attached to or contained in.
-- store: ConfigurationItem
SELECT eventData.resourceId, relation.name, relation.resourceId AS other
FROM $EDS_ID
CROSS JOIN UNNEST(eventData.relationships) AS t (relation)
