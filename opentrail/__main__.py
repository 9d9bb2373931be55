"""`python -m opentrail`: the command line."""

from opentrail.server.cli import main

main()
