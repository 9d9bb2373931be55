"""Where files come from and go: S3 and local directories, behind one port."""
