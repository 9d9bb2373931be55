# Event data stores with everything that aws_cloudtrail_event_data_store can say; `lean` changes them in place.
resource "aws_kms_key" "store" {
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = local.cloudtrail
        Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource  = "*"
      }
    ]
  })
}

resource "aws_cloudtrail_event_data_store" "whole" {
  name                           = "whole" # the provider takes another name for another store
  retention_period               = var.lean ? 30 : 90
  termination_protection_enabled = false
  multi_region_enabled           = !var.lean
  kms_key_id                     = aws_kms_key.store.arn
  billing_mode                   = "FIXED_RETENTION_PRICING"
  suspend                        = var.lean

  advanced_event_selector {
    name = var.lean ? "all of IAM" : "writes of IAM"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
    field_selector {
      field  = "eventSource"
      equals = ["iam.amazonaws.com"]
    }
    dynamic "field_selector" {
      for_each = var.lean ? [] : ["false"]
      content {
        field  = "readOnly"
        equals = [field_selector.value]
      }
    }
  }

  tags = var.lean ? { stage = "lean" } : { team = "platform", stage = "full" }
}

resource "aws_cloudtrail_event_data_store" "plain" {
  name                           = "plain"
  termination_protection_enabled = false
}
