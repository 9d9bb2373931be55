"""Settings, assembly, processes, command line, health."""
