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
        "sagemaker": "InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream",
        "rdsdata": "BatchExecuteStatement BeginTransaction CommitTransaction ExecuteStatement RollbackTransaction",
        "appconfig": "GetLatestConfiguration StartConfigurationSession",
        "ses": "SendBulkEmail SendBulkTemplatedEmail SendEmail SendRawEmail SendTemplatedEmail",
        "servicediscovery": "DiscoverInstances DiscoverInstancesRevision GetInstancesHealthStatus",
        "bedrock": """ApplyGuardrail GetAgentMemory InvokeAgent InvokeFlow InvokeInlineAgent
            InvokeModelWithBidirectionalStream Retrieve RetrieveAndGenerate""",
    }.items()
}
