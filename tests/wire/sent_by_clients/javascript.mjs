// Sends one of every kind of request that the AWS SDK for JavaScript v3 makes to ENDPOINT; what comes back does not
// matter. How to run it: __init__.py beside it.
import { CloudTrailClient, LookupEventsCommand, DescribeTrailsCommand, CreateTrailCommand } from "@aws-sdk/client-cloudtrail";
import { S3Client, PutObjectCommand, GetObjectCommand, ListObjectsV2Command, DeleteObjectsCommand, CreateBucketCommand, CopyObjectCommand, CreateMultipartUploadCommand, UploadPartCommand, ListBucketsCommand } from "@aws-sdk/client-s3";
import { STSClient, GetCallerIdentityCommand, AssumeRoleCommand } from "@aws-sdk/client-sts";
import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { IAMClient, CreateUserCommand } from "@aws-sdk/client-iam";
import { SNSClient, PublishCommand } from "@aws-sdk/client-sns";
import { EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { LambdaClient, InvokeCommand, GetFunctionCommand } from "@aws-sdk/client-lambda";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { KMSClient, EncryptCommand } from "@aws-sdk/client-kms";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { Agent } from "node:http";
import { Readable } from "node:stream";

const endpoint = process.env.ENDPOINT;
const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const long = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secret };
const temporary = { accessKeyId: "ASIAIOSFODNN7EXAMPLE", secretAccessKey: secret, sessionToken: process.env.TOKEN };
const keys = ["plain.txt", "with space", "a+b", "a%2Fb", "folder//double", "dots..a", "trailing/", "ünïcødé/日本語/😀", "question?mark#hash&amp=1", "~tilde-_.!*'()", "%", "=;:@$,"];
const here = (name, options, done) => options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
const failures = {};
async function send(client, command) {
  try { await client.send(command); } catch (error) { const what = `${command.constructor.name} ${error.name} ${error.message.slice(0,60)}`; failures[what] = (failures[what] ?? 0) + 1; }
}
for (const credentials of [long, temporary]) {
  const told = { endpoint, region: "eu-west-1", credentials, maxAttempts: 1 };
  await send(new CloudTrailClient(told), new LookupEventsCommand({ MaxResults: 5 }));
  await send(new CloudTrailClient(told), new DescribeTrailsCommand({}));
  await send(new CloudTrailClient(told), new CreateTrailCommand({ Name: "trail", S3BucketName: "bucket" }));
  await send(new STSClient(told), new GetCallerIdentityCommand({}));
  await send(new STSClient(told), new AssumeRoleCommand({ RoleArn: "arn:aws:iam::123456789012:role/r", RoleSessionName: "s" }));
  await send(new SQSClient(told), new SendMessageCommand({ QueueUrl: `${endpoint}/123456789012/q`, MessageBody: "hello & =+" }));
  await send(new DynamoDBClient(told), new PutItemCommand({ TableName: "t", Item: { k: { S: "ü" } } }));
  await send(new IAMClient(told), new CreateUserCommand({ UserName: "dana", Path: "/a/b/" }));
  await send(new SNSClient(told), new PublishCommand({ TopicArn: "arn:aws:sns:eu-west-1:123456789012:t", Message: "a+b c&d ü" }));
  await send(new EC2Client(told), new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1 }));
  await send(new LambdaClient(told), new InvokeCommand({ FunctionName: "f", Payload: Buffer.from("{}") }));
  await send(new LambdaClient(told), new GetFunctionCommand({ FunctionName: "arn:aws:lambda:eu-west-1:123456789012:function:f", Qualifier: "1" }));
  await send(new CloudWatchClient(told), new PutMetricDataCommand({ Namespace: "n", MetricData: [{ MetricName: "m", Value: 1 }] }));
  await send(new KMSClient(told), new EncryptCommand({ KeyId: "k", Plaintext: Buffer.from("p") }));
  const path = new S3Client({ ...told, forcePathStyle: true });
  const unsigned = new S3Client({ ...told, forcePathStyle: true, requestChecksumCalculation: "WHEN_REQUIRED" });
  const hosted = new S3Client({ ...told, endpoint: endpoint.replace("127.0.0.1", "s3.example.org"), requestHandler: { httpAgent: new Agent({ lookup: here }) } });
  for (const Key of keys) {
    await send(path, new PutObjectCommand({ Bucket: "logs", Key, Body: "hello", Metadata: { a: "b  c" } }));
    await send(path, new GetObjectCommand({ Bucket: "logs", Key, Range: "bytes=0-1" }));
  }
  for (const client of [path, unsigned, hosted]) {
    await send(client, new ListBucketsCommand({}));
    await send(client, new CreateBucketCommand({ Bucket: "logs" }));
    await send(client, new ListObjectsV2Command({ Bucket: "logs", Prefix: "a b/ü+", Delimiter: "/" }));
    await send(client, new DeleteObjectsCommand({ Bucket: "logs", Delete: { Objects: [{ Key: "a" }, { Key: "ü" }] } }));
    await send(client, new CopyObjectCommand({ Bucket: "logs", Key: "copy", CopySource: "logs/a%20b" }));
    await send(client, new CreateMultipartUploadCommand({ Bucket: "logs", Key: "big" }));
    await send(client, new UploadPartCommand({ Bucket: "logs", Key: "big", UploadId: "u/+=", PartNumber: 1, Body: Buffer.from("part") }));
    await send(client, new PutObjectCommand({ Bucket: "logs", Key: "streamed", Body: Readable.from([Buffer.from("a".repeat(9000)), Buffer.from("b")]), ContentLength: 9001 }));
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
      await send(client, new PutObjectCommand({ Bucket: "logs", Key: "sum", Body: "x", ChecksumAlgorithm }));
  }
  for (const Key of keys) {
    for (const [method, command] of [["GET", new GetObjectCommand({ Bucket: "logs", Key })], ["PUT", new PutObjectCommand({ Bucket: "logs", Key })]]) {
      const url = await getSignedUrl(path, command, { expiresIn: 600 });
      await fetch(url, { method, body: method === "PUT" ? "body" : undefined }).catch(() => null);
    }
  }
  const post = await createPresignedPost(path, { Bucket: "logs", Key: "form/${filename}", Fields: { "x-amz-meta-a": "b" }, Expires: 600 });
  const form = new FormData();
  for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
  form.append("file", new Blob(["content"]), "a.txt");
  await fetch(post.url, { method: "POST", body: form }).catch(() => null);
}
console.log(JSON.stringify(failures));
process.exit(); // connections that are kept alive would hold it
