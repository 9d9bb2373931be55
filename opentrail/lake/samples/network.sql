-- Calls from outside a network
-- Calls from addresses that are not in the networks you name; change the list to yours.
SELECT sourceIPAddress, count(*) AS calls
FROM $EDS_ID
WHERE try_cast(sourceIPAddress AS ipaddress) IS NOT NULL
  AND none_match(ARRAY['10.0.0.0/8', '192.0.2.0/24'], net -> contains(net, try_cast(sourceIPAddress AS ipaddress)))
GROUP BY sourceIPAddress
ORDER BY calls DESC

-- Callers behind an address
-- Which principals came from each address, and how many calls they made.
SELECT sourceIPAddress, map_agg(caller, calls) AS callers
FROM (
  SELECT sourceIPAddress, userIdentity.arn AS caller, count(*) AS calls
  FROM $EDS_ID
  WHERE userIdentity.arn IS NOT NULL
  GROUP BY sourceIPAddress, userIdentity.arn
) AS counted
GROUP BY sourceIPAddress

-- Security groups opened to the world
-- Ingress rules that let every address in.
SELECT eventTime, userIdentity.arn, element_at(requestParameters, 'groupId') AS security_group
FROM $EDS_ID
WHERE eventName = 'AuthorizeSecurityGroupIngress'
  AND element_at(requestParameters, 'ipPermissions') LIKE '%0.0.0.0/0%'

-- Ports that were opened
-- One row for every rule of an ingress permission: protocol and range of ports.
SELECT element_at(requestParameters, 'groupId') AS security_group, rule.ipProtocol, rule.fromPort, rule.toPort
FROM $EDS_ID
CROSS JOIN UNNEST(
  CAST(json_extract(element_at(requestParameters, 'ipPermissions'), '$.items')
    AS array(row(ipProtocol varchar, fromPort bigint, toPort bigint)))
) AS rules (rule)
WHERE eventName = 'AuthorizeSecurityGroupIngress'

-- Old TLS versions
-- Clients that still speak TLS 1.0 or 1.1, by service and user agent.
SELECT eventSource, tlsDetails.tlsVersion, userAgent, count(*) AS calls
FROM $EDS_ID
WHERE tlsDetails.tlsVersion IN ('TLSv1', 'TLSv1.1')
GROUP BY eventSource, tlsDetails.tlsVersion, userAgent

-- Ciphers in use
-- Cipher suites by how many calls used them.
SELECT tlsDetails.cipherSuite AS cipher, histogram(tlsDetails.tlsVersion) AS versions
FROM $EDS_ID
WHERE tlsDetails.cipherSuite IS NOT NULL
GROUP BY tlsDetails.cipherSuite

-- Calls through VPC endpoints
-- Endpoints and what went through them, denied calls apart.
SELECT vpcEndpointId, eventSource, count(*) AS calls, count(*) FILTER (WHERE errorCode = 'VpceAccessDenied') AS denied
FROM $EDS_ID
WHERE eventCategory = 'NetworkActivity' AND vpcEndpointId IS NOT NULL
GROUP BY vpcEndpointId, eventSource

-- User agents by family
-- Tools by the word before the first slash of their user agent.
SELECT lower(split_part(userAgent, '/', 1)) AS tool, count(*) AS calls, approx_distinct(userIdentity.arn) AS callers
FROM $EDS_ID
WHERE userAgent LIKE '%/%'
GROUP BY 1
ORDER BY calls DESC

-- Tools of attackers
-- Calls whose user agent names a distribution or tool that is known for attacks.
SELECT eventTime, userIdentity.arn, userAgent
FROM $EDS_ID
WHERE any_match(ARRAY['kali', 'parrot', 'pacu', 'scoutsuite'], tool -> strpos(lower(userAgent), tool) > 0)

-- Services calling on someone's behalf
-- Calls that a service made for a principal, by service.
SELECT userIdentity.invokedBy AS service, count(*) AS calls, slice(array_agg(DISTINCT eventName), 1, 5) AS some_calls
FROM $EDS_ID
WHERE userIdentity.invokedBy IS NOT NULL
GROUP BY userIdentity.invokedBy
