"""The processes beside the first one that answer calls (`[server] workers`), and what they share with it."""
