"""Every operation of botocore's models, sent by botocore through the recorder, and what its record says."""
