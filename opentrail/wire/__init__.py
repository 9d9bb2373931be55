"""AWS protocols over botocore's models, both ways, and SigV4."""
