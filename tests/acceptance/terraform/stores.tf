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
  name                           = var.lean ? "whole-renamed" : "whole"
  retention_period               = var.lean ? 30 : 90
  termination_protection_enabled = false
  multi_region_enabled           = !var.lean
  kms_key_id                     = aws_kms_key.store.arn
  billing_mode                   = "FIXED_RETENTION_PRICING"
  suspend                        = var.lean

  # another selector would be another store: the provider does not change them in place
  advanced_event_selector {
    name = "writes of IAM"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
    field_selector {
      field  = "eventSource"
      equals = ["iam.amazonaws.com"]
    }
    field_selector {
      field  = "readOnly"
      equals = ["false"]
    }
  }

  tags = var.lean ? { stage = "lean" } : { team = "platform", stage = "full" }
}

resource "aws_cloudtrail_event_data_store" "plain" {
  name                           = "plain"
  termination_protection_enabled = false
}
