-- Busiest callers
-- Who makes most calls: users, roles and services by the number of their events in the last week.
SELECT coalesce(userIdentity.arn, userIdentity.invokedBy, userIdentity.principalId, 'unknown') AS caller, count(*) AS calls
FROM $EDS_ID
WHERE eventTime > date_add('day', -7, now())
GROUP BY 1
ORDER BY calls DESC
LIMIT 25

-- Console sign-ins without MFA
-- Sign-ins to the console that no second factor protected, newest first.
SELECT eventTime, userIdentity.arn, userIdentity.type, sourceIPAddress
FROM $EDS_ID
WHERE eventSource = 'signin.amazonaws.com' AND eventName = 'ConsoleLogin'
  AND element_at(additionalEventData, 'MFAUsed') = 'No'
ORDER BY eventTime DESC

-- Failed console sign-ins by address
-- Addresses from which passwords were guessed: how many sign-ins failed, first and last.
SELECT sourceIPAddress, count(*) AS failed, min(eventTime) AS first_seen, max(eventTime) AS last_seen
FROM $EDS_ID
WHERE eventName = 'ConsoleLogin' AND element_at(responseElements, 'ConsoleLogin') = 'Failure'
GROUP BY sourceIPAddress
HAVING count(*) > 1
ORDER BY failed DESC

-- Use of the root user
-- Every call made as the root user of an account, without those that services made for it.
SELECT eventTime, recipientAccountId, eventSource, eventName, sourceIPAddress, userAgent
FROM $EDS_ID
WHERE userIdentity.type = 'Root' AND userIdentity.invokedBy IS NULL AND eventType <> 'AwsServiceEvent'
ORDER BY eventTime DESC

-- Roles and what they change
-- Write calls a role, by the role that a session came from, most frequent first.
SELECT userIdentity.sessionContext.sessionIssuer.userName AS role, eventSource, eventName, count(*) AS calls
FROM $EDS_ID
WHERE readOnly = false AND userIdentity.type = 'AssumedRole'
GROUP BY 1, 2, 3
ORDER BY calls DESC, role
LIMIT 50

-- New access keys
-- Access keys that were created: by whom, for which user, and the id of the key.
SELECT eventTime, userIdentity.arn AS maker,
  coalesce(element_at(requestParameters, 'userName'), userIdentity.userName) AS for_user,
  json_extract_scalar(element_at(responseElements, 'accessKey'), '$.accessKeyId') AS access_key
FROM $EDS_ID
WHERE eventSource = 'iam.amazonaws.com' AND eventName = 'CreateAccessKey' AND errorCode IS NULL

-- Everything an access key did
-- The life of each access key: services and operations called, addresses used, first and last use.
SELECT userIdentity.accessKeyId AS access_key, count(DISTINCT eventSource) AS services,
  array_agg(DISTINCT eventName ORDER BY eventName) AS operations, approx_distinct(sourceIPAddress) AS addresses,
  min(eventTime) AS first_used, max(eventTime) AS last_used
FROM $EDS_ID
WHERE userIdentity.accessKeyId IS NOT NULL
GROUP BY userIdentity.accessKeyId
ORDER BY last_used DESC

-- Keys used from many addresses
-- Access keys seen from more than one address in the same hour, a sign that a key has leaked.
SELECT userIdentity.accessKeyId AS access_key, date_trunc('hour', eventTime) AS hour,
  array_distinct(array_agg(sourceIPAddress)) AS addresses
FROM $EDS_ID
WHERE userIdentity.accessKeyId IS NOT NULL
GROUP BY userIdentity.accessKeyId, date_trunc('hour', eventTime)
HAVING cardinality(array_distinct(array_agg(sourceIPAddress))) > 1

-- First call of every caller
-- Since when a principal is there at all: its earliest event and what it was.
SELECT userIdentity.arn AS caller, min(eventTime) AS since, min_by(eventName, eventTime) AS first_call,
  max_by(eventName, eventTime) AS latest_call
FROM $EDS_ID
WHERE userIdentity.arn IS NOT NULL
GROUP BY userIdentity.arn
ORDER BY since DESC

-- Roles taken across accounts
-- AssumeRole calls whose role belongs to another account than the caller.
SELECT eventTime, userIdentity.accountId AS from_account, element_at(requestParameters, 'roleArn') AS role,
  element_at(requestParameters, 'roleSessionName') AS session
FROM $EDS_ID
WHERE eventName = 'AssumeRole'
  AND userIdentity.accountId IS DISTINCT FROM split_part(element_at(requestParameters, 'roleArn'), ':', 5)

-- Administrator policies attached
-- Managed policies with administrator rights that were attached to users, groups or roles.
SELECT eventTime, eventName, userIdentity.arn,
  coalesce(element_at(requestParameters, 'userName'), element_at(requestParameters, 'groupName'),
    element_at(requestParameters, 'roleName')) AS target
FROM $EDS_ID
WHERE eventName IN ('AttachUserPolicy', 'AttachGroupPolicy', 'AttachRolePolicy')
  AND element_at(requestParameters, 'policyArn') LIKE '%:policy/AdministratorAccess'

-- Inline policies that allow everything
-- Inline policies put on identities whose document allows every action.
SELECT eventTime, userIdentity.arn, statement_effect, statement_action
FROM (
  SELECT eventTime, userIdentity,
    json_extract_scalar(element_at(requestParameters, 'policyDocument'), '$.Statement[0].Effect') AS statement_effect,
    json_extract_scalar(element_at(requestParameters, 'policyDocument'), '$.Statement[0].Action') AS statement_action
  FROM $EDS_ID
  WHERE eventName IN ('PutUserPolicy', 'PutRolePolicy', 'PutGroupPolicy')
) AS policies
WHERE statement_effect = 'Allow' AND statement_action = '*'

-- Sessions that came out of the console
-- Write calls made in the console or with credentials that it handed out.
SELECT eventTime, userIdentity.arn, eventName
FROM $EDS_ID
WHERE sessionCredentialFromConsole = 'true' AND readOnly = false
ORDER BY eventTime DESC

-- Age of sessions when they act
-- How long a session had existed when it made its latest write call, in minutes.
SELECT userIdentity.arn AS session,
  max(date_diff('minute', userIdentity.sessionContext.attributes.creationDate, eventTime)) AS minutes
FROM $EDS_ID
WHERE readOnly = false AND userIdentity.sessionContext.attributes.creationDate IS NOT NULL
GROUP BY userIdentity.arn
ORDER BY minutes DESC

-- Kinds of identities
-- Events by kind of identity and whether a second factor stood behind the session.
SELECT userIdentity.type, userIdentity.sessionContext.attributes.mfaAuthenticated AS mfa, count(*) AS events
FROM $EDS_ID
GROUP BY userIdentity.type, userIdentity.sessionContext.attributes.mfaAuthenticated
ORDER BY events DESC NULLS LAST
