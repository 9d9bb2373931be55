"""The recording gateway: a proxy that leaves a record of every call.

`app` is the whole of it; `steps` is what happens to a `call` on its way in. The rooms follow the call: `proxy` (bytes),
`understanding` (what is asked for), `identity`, `learning` and `look_ups` (who asks), `access` (whether it may go on),
`forwarding` (to the upstream), `answers` (to the client), `records` with `shapes` (what is written down). `client_side`
and `reports` are the way in for programs that record their own calls.
"""
