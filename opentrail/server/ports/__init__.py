"""What listens: the AWS port with its doors, the console's port with health and metrics, and their certificate."""
