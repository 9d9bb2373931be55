# A trail with everything that aws_cloudtrail can say; `lean` takes most of it away again, in place.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}

variable "lean" { default = false }

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_metadata_api_check     = true
  skip_credentials_validation = true
  endpoints {
    cloudtrail = var.endpoint
    iam        = var.endpoint
    kms        = var.endpoint
    logs       = var.endpoint
    s3         = var.endpoint
    sns        = var.endpoint
    sts        = var.endpoint
  }
}

data "aws_caller_identity" "me" {}

locals {
  account    = data.aws_caller_identity.me.account_id
  trail      = "arn:aws:cloudtrail:us-east-1:${local.account}:trail/terraformed"
  cloudtrail = { Service = "cloudtrail.amazonaws.com" }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "terraformed-logs"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = local.cloudtrail
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.logs.arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail } }
      },
      {
        Effect    = "Allow"
        Principal = local.cloudtrail
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/audit/AWSLogs/${local.account}/*"
        Condition = {
          StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control", "aws:SourceArn" = local.trail }
        }
      },
    ]
  })
}

resource "aws_sns_topic" "files" { name = "terraformed-files" }

resource "aws_sns_topic_policy" "files" {
  arn = aws_sns_topic.files.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = local.cloudtrail, Action = "SNS:Publish", Resource = aws_sns_topic.files.arn },
    ]
  })
}

resource "aws_kms_key" "logs" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" },
      {
        Effect    = "Allow"
        Principal = local.cloudtrail
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:${local.account}:trail/*"
          }
        }
      },
      { Effect = "Allow", Principal = local.cloudtrail, Action = "kms:DescribeKey", Resource = "*" },
    ]
  })
}

resource "aws_cloudwatch_log_group" "audit" { name = "terraformed" }

resource "aws_iam_role" "to_logs" {
  name = "terraformed-to-logs"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = local.cloudtrail, Action = "sts:AssumeRole" }]
  })
}

resource "aws_cloudtrail" "audit" {
  depends_on                 = [aws_s3_bucket_policy.logs, aws_sns_topic_policy.files]
  name                       = "terraformed"
  s3_bucket_name             = aws_s3_bucket.logs.id
  s3_key_prefix              = "audit"
  is_multi_region_trail      = true
  enable_log_file_validation = !var.lean
  sns_topic_name             = var.lean ? null : aws_sns_topic.files.name
  kms_key_id                 = var.lean ? null : aws_kms_key.logs.arn
  cloud_watch_logs_group_arn = var.lean ? null : "${aws_cloudwatch_log_group.audit.arn}:*"
  cloud_watch_logs_role_arn  = var.lean ? null : aws_iam_role.to_logs.arn
  tags                       = var.lean ? { team = "platform" } : { team = "platform", stage = "full" }

  dynamic "event_selector" {
    for_each = var.lean ? [] : ["basic"]
    content {
      read_write_type                  = "All"
      include_management_events        = true
      exclude_management_event_sources = ["kms.amazonaws.com"]
      data_resource {
        type   = "AWS::S3::Object"
        values = ["${aws_s3_bucket.logs.arn}/"]
      }
      data_resource {
        type   = "AWS::Lambda::Function"
        values = ["arn:aws:lambda"]
      }
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.lean ? ["advanced"] : []
    content {
      name = "objects of others"
      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }
      field_selector {
        field           = "resources.ARN"
        not_starts_with = ["${aws_s3_bucket.logs.arn}/"]
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.lean ? [] : ["ApiCallRateInsight", "ApiErrorRateInsight"]
    content {
      insight_type = insight_selector.value
    }
  }
}
