# Every kind of request that the AWS CLI makes, sent to $ENDPOINT. How to run it: __init__.py beside it.
export AWS_ENDPOINT_URL=$ENDPOINT AWS_DEFAULT_REGION=eu-west-1 AWS_CONFIG_FILE=/nonexistent AWS_MAX_ATTEMPTS=1
export AWS_SHARED_CREDENTIALS_FILE=/nonexistent AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
folder=$(mktemp -d) && cd "$folder" || exit 1
echo hello > small
channel=arn:aws:cloudtrail:eu-west-1:123456789012:channel/11111111-1111-1111-1111-111111111111
aws cloudtrail lookup-events --max-results 5
aws cloudtrail create-trail --name a-trail --s3-bucket-name b
aws cloudtrail-data put-audit-events --channel-arn $channel --audit-events '[{"id": "e", "eventData": "{}"}]'
aws s3 cp small "s3://logs/with space ü+.txt"
aws s3 ls s3://logs/a/
aws s3api put-object --bucket logs --key k --body small --checksum-algorithm SHA256
aws s3api get-object --bucket logs --key "k (1)" --range bytes=0-1 fetched
aws s3api delete-objects --bucket logs --delete 'Objects=[{Key=a},{Key=b}]'
aws s3api list-object-versions --bucket logs --prefix "a b"
aws s3api upload-part --bucket logs --key big --upload-id u/+= --part-number 1 --body small
aws sts get-caller-identity
aws iam create-user --user-name dana --path /a/
aws ec2 describe-instances
aws dynamodb list-tables
aws sqs send-message --queue-url "$ENDPOINT/123456789012/q" --message-body "a & b" --endpoint-url "$ENDPOINT"
aws sns publish --topic-arn arn:aws:sns:eu-west-1:123456789012:t --message "ü a+b"
aws lambda list-functions
aws cloudwatch put-metric-data --namespace n --metric-name m --value 1
aws route53 list-hosted-zones
curl -s "$(aws s3 presign s3://logs/k+ü)"
export AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE AWS_SESSION_TOKEN=$TOKEN
aws cloudtrail describe-trails
aws s3 cp small s3://logs/t.txt
curl -s "$(aws s3 presign s3://logs/k)"
rm -r "$folder"
