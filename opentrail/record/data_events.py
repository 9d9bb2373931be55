"""Which calls CloudTrail logs as data events, by the lists that AWS publishes for each service."""

_S3_OBJECT_CALLS = """
    AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload CreateSession DeleteObject
    DeleteObjects DeleteObjectTagging GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes
    GetObjectLegalHold GetObjectLockLegalHold GetObjectLockRetention GetObjectRetention GetObjectTagging
    GetObjectTorrent HeadBucket HeadObject ListObjectVersions ListObjects ListObjectsV2 ListParts
    PostObject PreflightRequest PutObject PutObjectAcl PutObjectLegalHold PutObjectLockLegalHold PutObjectLockRetention
    PutObjectRetention PutObjectTagging RenameObject RestoreObject SelectObjectContent UpdateObjectEncryption
    UploadPart UploadPartCopy WriteGetObjectResponse
    """

DATA_EVENTS: dict[str, frozenset[str]] = {
    source + ".amazonaws.com": frozenset(names.split())
    for source, names in {
        "s3": _S3_OBJECT_CALLS,
        "s3express": _S3_OBJECT_CALLS,
        "s3-object-lambda": _S3_OBJECT_CALLS,
        "s3-outposts": _S3_OBJECT_CALLS,
        "lambda": "Invoke InvokeAsync InvokeFunctionUrl InvokeWithResponseStream",
        "dynamodb": """BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction
            GetItem GetRecords GetShardIterator PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem""",
        "sqs": """ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch
            GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListQueueTags ListQueues ReceiveMessage
            SendMessage SendMessageBatch""",
        "sns": "Publish PublishBatch",
        "kinesis": "GetRecords GetShardIterator PutRecord PutRecords SubscribeToShard",
        "firehose": "PutRecord PutRecordBatch",
        "ebs": "GetSnapshotBlock ListChangedBlocks ListSnapshotBlocks PutSnapshotBlock",
        "cognito-identity": """GetCredentialsForIdentity GetId GetOpenIdToken GetOpenIdTokenForDeveloperIdentity
            UnlinkIdentity""",
        "cloudtrail-data": "PutAuditEvents",
        "logs": "PutLogEvents StartLiveTail",
        "monitoring": "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData",
        "xray": """BatchGetTraces GetInsight GetInsightEvents GetInsightImpactGraph GetInsightSummaries
            GetServiceGraph GetTimeSeriesServiceStatistics GetTraceGraph GetTraceSummaries PutTelemetryRecords
            PutTraceSegments""",
        "events": "PutEvents PutPartnerEvents",
        "states": "GetActivityTask InvokeHTTPEndpoint StartSyncExecution",
        "sagemaker": """BatchGetMetrics BatchGetRecord BatchPutMetrics DeleteRecord GetRecord InvokeEndpoint
            InvokeEndpointAsync InvokeEndpointWithResponseStream PutRecord""",
        "rdsdata": "BatchExecuteStatement BeginTransaction CommitTransaction ExecuteStatement RollbackTransaction",
        "aiops": "CreateInvestigationEvent UpdateInvestigationEvent",
        "networkflowmonitor": "GetQueryResultsWorkloadInsightsTopContributorsData",
        "appconfig": "GetLatestConfiguration StartConfigurationSession",
        "ses": "SendBulkEmail SendBulkTemplatedEmail SendEmail SendRawEmail SendTemplatedEmail",
        "servicediscovery": "DiscoverInstances DiscoverInstancesRevision GetInstancesHealthStatus",
        "bedrock": """ApplyGuardrail DeleteAgentMemory GetAgentMemory GetAsyncInvoke GetDataAutomationStatus
            InvokeAgent InvokeDataAutomationAsync InvokeFlow InvokeInlineAgent InvokeModelWithBidirectionalStream
            ListAsyncInvokes Retrieve RetrieveAndGenerate RetrieveAndGenerateStream StartAsyncInvoke""",
        "bedrock-agentcore": """CreateEvent DeleteEvent DeleteMemoryRecord GetEvent GetMemoryRecord
            InvokeAgentRuntime InvokeCodeInterpreter ListActors ListEvents ListMemoryRecords ListSessions
            RetrieveMemoryRecords StartBrowserSession StartCodeInterpreterSession StopBrowserSession
            StopCodeInterpreterSession""",
        "cloudfront-keyvaluestore": "DeleteKey DescribeKeyValueStore GetKey ListKeys PutKey UpdateKeys",
        "geo-maps": "GetGlyphs GetSprites GetStaticMap GetStyleDescriptor GetTile",
        "geo-places": "Autocomplete Geocode GetPlace ReverseGeocode SearchNearby SearchText Suggest",
        "geo-routes": "CalculateIsolines CalculateRouteMatrix CalculateRoutes OptimizeWaypoints SnapToRoads",
        "iotdata": """DeleteThingShadow GetRetainedMessage GetThingShadow ListNamedShadowsForThing
            ListRetainedMessages Publish UpdateThingShadow""",
        "iotsitewise": """BatchGetAssetPropertyAggregates BatchGetAssetPropertyValue
            BatchGetAssetPropertyValueHistory BatchPutAssetPropertyValue GetAssetPropertyAggregates
            GetAssetPropertyValue GetAssetPropertyValueHistory GetInterpolatedAssetPropertyValues""",
        "iottwinmaker": "BatchPutPropertyValues ExecuteQuery GetPropertyValue GetPropertyValueHistory",
        "kendra-ranking": "Rescore",
        "kinesisvideo": "GetClip GetDASHStreamingSessionURL GetHLSStreamingSessionURL GetImages GetMedia PutMedia",
        "medical-imaging": """CopyImageSet DeleteImageSet GetImageFrame GetImageSet GetImageSetMetadata
            ListImageSetVersions SearchImageSets UpdateImageSetMetadata""",
        "neptune-graph": "CancelQuery ExecuteQuery GetGraphSummary GetQuery ListQueries",
        "payment-cryptography": """DecryptData EncryptData GenerateCardValidationData GenerateMac GeneratePinData
            ReEncryptData TranslateKeyMaterial TranslatePinData VerifyAuthRequestCryptogram
            VerifyCardValidationData VerifyMac VerifyPinData""",
        "qbusiness": """BatchDeleteDocument BatchPutDocument Chat ChatSync DeleteConversation ListConversations
            ListMessages PutFeedback""",
        "rum": "PutRumEvents",
        "s3vectors": "DeleteVectors GetVectors ListVectors PutVectors QueryVectors",
        "sms-voice": "SendMediaMessage SendTextMessage SendVoiceMessage",
        "social-messaging": """DeleteWhatsAppMessageMedia GetWhatsAppMessageMedia PostWhatsAppMessageMedia
            SendWhatsAppMessage""",
        "swf": """PollForActivityTask PollForDecisionTask RecordActivityTaskHeartbeat RespondActivityTaskCanceled
            RespondActivityTaskCompleted RespondActivityTaskFailed RespondDecisionTaskCompleted""",
        "timestream": "Query WriteRecords",
        "verifiedpermissions": "BatchIsAuthorized BatchIsAuthorizedWithToken IsAuthorized IsAuthorizedWithToken",
    }.items()
}
