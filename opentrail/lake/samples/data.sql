-- Buckets by number of requests
-- How often every bucket was asked, reads and writes apart.
SELECT element_at(requestParameters, 'bucketName') AS bucket, count_if(readOnly) AS reads, count_if(NOT readOnly) AS writes
FROM $EDS_ID
WHERE eventSource = 's3.amazonaws.com' AND element_at(requestParameters, 'bucketName') IS NOT NULL
GROUP BY element_at(requestParameters, 'bucketName')
ORDER BY reads + writes DESC

-- Bytes that left buckets
-- Bytes read out of each bucket by each caller, in mebibytes.
SELECT element_at(requestParameters, 'bucketName') AS bucket, userIdentity.arn,
  sum(try_cast(element_at(additionalEventData, 'bytesTransferredOut') AS double)) / 1048576 AS mebibytes,
  avg(try_cast(element_at(additionalEventData, 'bytesTransferredOut') AS double)) AS bytes_each
FROM $EDS_ID
WHERE eventName = 'GetObject' AND element_at(additionalEventData, 'bytesTransferredOut') IS NOT NULL
GROUP BY element_at(requestParameters, 'bucketName'), userIdentity.arn
ORDER BY mebibytes DESC

-- Objects that were deleted
-- Keys deleted from buckets, and who deleted them.
SELECT eventTime, userIdentity.arn, element_at(requestParameters, 'bucketName') AS bucket,
  element_at(requestParameters, 'key') AS key
FROM $EDS_ID
WHERE eventName IN ('DeleteObject', 'DeleteObjects') AND errorCode IS NULL
ORDER BY eventTime

-- Public access of buckets loosened
-- Calls that remove a bucket's public access block, or open it by ACL or policy.
SELECT eventTime, eventName, element_at(requestParameters, 'bucketName') AS bucket, userIdentity.arn
FROM $EDS_ID
WHERE eventName IN ('DeleteBucketPublicAccessBlock', 'DeletePublicAccessBlock')
  OR (eventName = 'PutBucketAcl' AND element_at(requestParameters, 'x-amz-acl') LIKE 'public-%')
  OR (eventName = 'PutBucketPolicy'
    AND json_extract_scalar(element_at(requestParameters, 'bucketPolicy'), '$.Statement[0].Principal') = '*')

-- Prefixes by traffic
-- The first part of object keys by how many requests they got.
SELECT element_at(split(element_at(requestParameters, 'key'), '/'), 1) AS prefix, count(*) AS requests
FROM $EDS_ID
WHERE element_at(requestParameters, 'key') IS NOT NULL
GROUP BY 1
ORDER BY requests DESC

-- Headers that requests carry
-- Names of request parameters that begin with x-amz, by event.
SELECT eventID, filter(map_keys(requestParameters), name -> name LIKE 'x-amz-%') AS headers
FROM $EDS_ID
WHERE any_match(map_keys(requestParameters), name -> name LIKE 'x-amz-%')

-- Values of request parameters
-- How many parameters a call had, and the longest of their values.
SELECT eventName, cardinality(requestParameters) AS parameters,
  array_max(transform(map_values(requestParameters), value -> length(value))) AS longest,
  array_min(transform(map_values(requestParameters), value -> length(value))) AS shortest
FROM $EDS_ID
WHERE cardinality(requestParameters) > 1
ORDER BY longest DESC
LIMIT 20

-- Parameters as rows
-- Every request parameter of write calls in a row of its own.
SELECT eventTime, eventName, name, replace(value, '"') AS value
FROM $EDS_ID
CROSS JOIN UNNEST(requestParameters) AS parameter (name, value)
WHERE readOnly = false
ORDER BY eventTime, name
LIMIT 100

-- Functions invoked
-- Lambda functions by invocations a day.
SELECT element_at(requestParameters, 'functionName') AS function_name, date(eventTime) AS day, count(*) AS invocations
FROM $EDS_ID
WHERE eventSource = 'lambda.amazonaws.com' AND eventName LIKE 'Invoke%'
GROUP BY element_at(requestParameters, 'functionName'), date(eventTime)

-- Resources by how often they are touched
-- Every resource that events name, with its type and the operations on it.
SELECT resource.type, resource.arn, count(*) AS events, array_agg(DISTINCT eventName ORDER BY eventName) AS operations
FROM $EDS_ID
CROSS JOIN UNNEST(resources) AS named (resource)
GROUP BY resource.type, resource.arn
ORDER BY events DESC

-- Encryption keys in use
-- Keys that were used to decrypt or to make data keys, by caller.
SELECT element_at(resources, 1).arn AS key, userIdentity.arn, count(*) AS uses
FROM $EDS_ID
WHERE eventSource = 'kms.amazonaws.com' AND eventName IN ('Decrypt', 'GenerateDataKey')
GROUP BY element_at(resources, 1).arn, userIdentity.arn

-- Secrets that were read
-- Who read which secret, and how long ago.
SELECT element_at(requestParameters, 'secretId') AS secret, userIdentity.arn,
  date_diff('hour', max(eventTime), now()) AS hours_ago
FROM $EDS_ID
WHERE eventName = 'GetSecretValue' AND errorCode IS NULL
GROUP BY element_at(requestParameters, 'secretId'), userIdentity.arn
