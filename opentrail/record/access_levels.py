"""Calls whose verb does not tell whether they read or write.

By the access levels of AWS's Service Authorization Reference (List and Read against Write, Tagging and Permissions
management), compared with the verbs for all operations of botocore's models: of 17,000 that it lists, 99 in 100 agree.
Here are those that do not, but for calls that begin, end or ask for something (Start, Stop, Invoke, Create ...), which
count as writes. What AWS's own records show goes before (`classification`).
"""

READS: dict[str, frozenset[str]] = {
    source + ".amazonaws.com": frozenset(names.split())
    for source, names in {
        "acm": "ExportCertificate",
        "amplifyuibuilder": "ExportComponents ExportForms ExportThemes",
        "appsync": "EvaluateCode EvaluateMappingTemplate",
        "backup": "ExportBackupPlanTemplate",
        "bedrock": "ApplyGuardrail ExportAutomatedReasoningPolicyVersion GenerateQuery",
        "clouddirectory": "BatchRead",
        "cloudsearchdomain": "Suggest",
        "codecommit": "EvaluatePullRequestApprovalRules",
        "cognito-idp": "AdminGetDevice AdminGetUser AdminListDevices AdminListGroupsForUser AdminListUserAuthEvents",
        "comprehend": """BatchDetectDominantLanguage BatchDetectEntities BatchDetectKeyPhrases BatchDetectSentiment
            BatchDetectSyntax BatchDetectTargetedSentiment ClassifyDocument ContainsPiiEntities""",
        "comprehendmedical": "InferICD10CM InferRxNorm InferSNOMEDCT",
        "connect": "EvaluateDataTableValues",
        "datapipeline": "EvaluateExpression",
        "ec2": """ExportClientVpnClientCertificateRevocationList ExportClientVpnClientConfiguration
            ExportVerifiedAccessInstanceClientConfiguration""",
        "geo": "CalculateRoute CalculateRouteMatrix ForecastGeofenceEvents",
        "geo-places": "Autocomplete Geocode ReverseGeocode Suggest",
        "geo-routes": "CalculateIsolines CalculateRouteMatrix CalculateRoutes OptimizeWaypoints SnapToRoads",
        "iam": "GenerateOrganizationsAccessReport",
        "identitystore": "IsMemberInGroups",
        "iotsitewise": "ExecuteQuery",
        "iottwinmaker": "ExecuteQuery",
        "kendra-ranking": "Rescore",
        "kinesis": "SubscribeToShard",
        "lightsail": "IsVpcPeered",
        "mediaconvert": "Probe",
        "pinpoint": "PhoneNumberValidate",
        "polly": "SynthesizeSpeech",
        "quicksight": "PredictQAResults",
        "rekognition": "CompareFaces RecognizeCelebrities",
        "sagemaker": "RenderUiTemplate",
        "schemas": "ExportSchema",
        "sdb": "DomainMetadata",
        "textract": "AnalyzeDocument AnalyzeExpense AnalyzeID",
        "timestream": "PrepareQuery",
        "translate": "TranslateDocument TranslateText",
        "verifiedpermissions": "IsAuthorized IsAuthorizedWithToken BatchIsAuthorized BatchIsAuthorizedWithToken",
        "wafv2": "GenerateMobileSdkReleaseUrl",
        "wellarchitected": "ExportLens",
        "wickr": "BatchLookupUserUname",
        "wisdom": "RenderMessageTemplate",
    }.items()
}

WRITES: dict[str, frozenset[str]] = {
    source + ".amazonaws.com": frozenset(names.split())
    for source, names in {
        "bedrock": "RetrieveAndGenerate RetrieveAndGenerateStream",
        "cognito-idp": "GetTokensFromRefreshToken VerifySoftwareToken VerifyUserAttribute",
        "elasticache": "TestFailover TestMigration",
        "license-manager": "CheckInLicense",
        "lightsail": "TestAlarm",
        "pinpoint": "VerifyOTPMessage",
        "resiliencehub": "ResolveAppVersionResources",
        "securityagent": "VerifyTargetDomain",
        "ses": "VerifyDomainDkim VerifyDomainIdentity VerifyEmailAddress VerifyEmailIdentity",
        "sms-voice": "VerifyDestinationNumber",
        "sns": "VerifySMSSandboxPhoneNumber",
        "states": "TestState",
        "storagegateway": "RetrieveTapeArchive RetrieveTapeRecoveryPoint",
        "support": "ResolveCase",
    }.items()
}
