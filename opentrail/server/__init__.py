"""Settings, assembly, processes, command line, health.

`running` is one server from start to end, `assembly` puts its parts together, `cli` finds the command's module in
`commands`. The rest has rooms of its own: `data_folder`, `ports`, `rooms` (of the API), `outgoing` (CloudTrail's own
calls), `worker`, `call_workers`, `processes` (what all of these do), `sandbox`.
"""
