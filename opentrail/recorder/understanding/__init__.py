"""What a request asks for: its service, its operation, its parameters, and that it has one meaning only."""
