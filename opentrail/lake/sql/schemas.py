"""The columns of event data stores by category, with Trino's types.

Source: the schemas of CloudTrail Lake's SQL. Names are lower case, as tables hold them.
"""

from collections.abc import Mapping
from typing import Final

from opentrail.lake.sql.types import BOOLEAN, DOUBLE, INTEGER, TIMESTAMP, VARCHAR, Type, array, map_of, row

Columns = Mapping[str, Type]

_TEXTS: Final = map_of(VARCHAR, VARCHAR)


def _texts(names: str) -> dict[str, Type]:
    return dict.fromkeys(names.split(), VARCHAR)


_HEAD: Final = {
    **_texts("eventversion eventcategory eventtype eventid"),
    "eventtime": TIMESTAMP,
    **_texts("awsregion recipientaccountid"),
}
_ISSUER: Final = row(**_texts("type principalid arn accountid username"))
_SESSION: Final = row(
    attributes=row(creationdate=TIMESTAMP, mfaauthenticated=VARCHAR),
    sessionissuer=_ISSUER,
    webidfederationdata=row(federatedprovider=VARCHAR, attributes=_TEXTS),
    **_texts("sourceidentity ec2roledelivery ec2issuedinvpc"),
)
IDENTITY: Final = row(
    **_texts("type principalid arn accountid accesskeyid username"),
    sessioncontext=_SESSION,
    invokedby=VARCHAR,
    identityprovider=VARCHAR,
    onbehalfof=row(**_texts("userid identitystorearn")),
    inscopeof=row(**_texts("sourcearn sourceaccount issuertype credentialsissuedto")),
)
RESOURCES: Final = array(row(**_texts("accountid type arn arnprefix")))
TLS_DETAILS: Final = row(**_texts("tlsversion ciphersuite clientprovidedhostheader"))

CLOUDTRAIL: Final[Columns] = {
    "eventversion": VARCHAR,
    "useridentity": IDENTITY,
    "eventtime": TIMESTAMP,
    **_texts("eventsource eventname awsregion sourceipaddress useragent errorcode errormessage"),
    "requestparameters": _TEXTS,
    "responseelements": _TEXTS,
    "additionaleventdata": _TEXTS,
    **_texts("requestid eventid"),
    "readonly": BOOLEAN,
    "resources": RESOURCES,
    **_texts("eventtype apiversion"),
    "managementevent": BOOLEAN,
    **_texts("recipientaccountid sharedeventid annotation vpcendpointid vpcendpointaccountid"),
    "serviceeventdetails": _TEXTS,
    "addendum": _TEXTS,
    "edgedevicedetails": _TEXTS,
    "insightdetails": _TEXTS,
    "eventcategory": VARCHAR,
    "tlsdetails": TLS_DETAILS,
    "sessioncredentialfromconsole": VARCHAR,
    "eventjson": VARCHAR,
    "eventjsonchecksum": VARCHAR,
}

_INSIGHT_VALUE: Final = row(value=VARCHAR, average=DOUBLE)
INSIGHTS: Final[Columns] = {
    **_HEAD,
    "sharedeventid": VARCHAR,
    "addendum": _TEXTS,
    **_texts("insightsource insightstate insighteventsource insighteventname insighterrorcode insighttype"),
    "insightcontext": row(
        baselineaverage=DOUBLE,
        insightaverage=DOUBLE,
        baselineduration=INTEGER,
        insightduration=INTEGER,
        attributions=array(
            row(
                attribute=VARCHAR,
                insightvalue=VARCHAR,
                insightaverage=DOUBLE,
                baselinevalue=VARCHAR,
                baselineaverage=DOUBLE,
                insight=_INSIGHT_VALUE,
                baseline=_INSIGHT_VALUE,
            )
        ),
    ),
    "eventjson": VARCHAR,
}

CONFIGURATION: Final[Columns] = {
    **_HEAD,
    "addendum": _TEXTS,
    "eventdata": row(
        **_texts("configurationitemversion configurationitemcapturetime configurationitemstatus"),
        **_texts("configurationitemstateid accountid resourcetype resourceid resourcename arn awsregion"),
        **_texts("availabilityzone resourcecreationtime"),
        configuration=_TEXTS,
        supplementaryconfiguration=_TEXTS,
        relatedevents=VARCHAR,
        relationships=array(row(**_texts("name resourcetype resourceid resourcename"))),
        tags=_TEXTS,
    ),
    "eventjson": VARCHAR,
}

EVIDENCE: Final[Columns] = {
    **_HEAD,
    "addendum": _TEXTS,
    "eventdata": row(
        attributes=_TEXTS,
        **_texts("awsaccountid awsorganization compliancecheck datasource eventname eventsource"),
        **_texts("evidenceawsaccountid evidencebytype iamid evidenceid"),
        time=TIMESTAMP,
        **_texts("assessmentid controlsetid controlid controlname controldomainname frameworkname frameworkid"),
        **_texts("service servicecategory resourcearn resourcetype evidencefolderid description"),
        **_texts("manualevidences3resourcepath evidencefoldername resourcecompliancecheck"),
    ),
    "eventjson": VARCHAR,
}

ACTIVITY: Final[Columns] = {
    **_HEAD,
    "addendum": row(**_texts("reason updatedfields originaluid originaleventid")),
    "metadata": row(**_texts("ingestiontime channelarn")),
    "eventdata": row(
        version=VARCHAR,
        useridentity=row(type=VARCHAR, principalid=VARCHAR, details=_TEXTS),
        **_texts("useragent eventsource eventname eventtime uid"),
        requestparameters=_TEXTS,
        responseelements=_TEXTS,
        **_texts("errorcode errormessage sourceipaddress recipientaccountid"),
        additionaleventdata=_TEXTS,
    ),
    "eventjson": VARCHAR,
}

# By the category of the events that a store is for; a store of CloudTrail events holds three of them.
BY_CATEGORY: Final[Mapping[str, Columns]] = {
    **dict.fromkeys(("Management", "Data", "NetworkActivity"), CLOUDTRAIL),
    "Insight": INSIGHTS,
    "ConfigurationItem": CONFIGURATION,
    "Evidence": EVIDENCE,
    "ActivityAuditLog": ACTIVITY,
}

# Athena's published table over log files: times and parameters are texts there.
# Source: Amazon Athena User Guide, "Query AWS CloudTrail logs".
_ATHENA_ISSUER: Final = row(**_texts("type principalid arn accountid username"))
ATHENA: Final[Columns] = {
    "eventversion": VARCHAR,
    "useridentity": row(
        **_texts("type principalid arn accountid invokedby accesskeyid username"),
        onbehalfof=row(**_texts("userid identitystorearn")),
        sessioncontext=row(
            attributes=row(**_texts("mfaauthenticated creationdate")),
            sessionissuer=_ATHENA_ISSUER,
            **_texts("ec2roledelivery sourceidentity"),
            webidfederationdata=row(federatedprovider=VARCHAR, attributes=_TEXTS),
        ),
    ),
    **_texts("eventtime eventsource eventname awsregion sourceipaddress useragent errorcode errormessage"),
    **_texts("requestparameters responseelements additionaleventdata requestid eventid"),
    "resources": array(row(**_texts("arn accountid type"))),
    **_texts("eventtype apiversion readonly recipientaccountid serviceeventdetails sharedeventid vpcendpointid"),
    **_texts("vpcendpointaccountid eventcategory addendum sessioncredentialfromconsole edgedevicedetails"),
    "tlsdetails": TLS_DETAILS,
    # Partition columns of the tables that AWS's guide and the published playbooks create.
    **_texts("account region timestamp year month day account_partition region_partition date_partition"),
}
