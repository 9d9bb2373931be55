"""The proxy under the recorder: HTTP/1.1 by hand on uvloop and httptools, knowing nothing of AWS or of records.

server               listening sockets, the connections on them, an orderly stop
client_connection    one client's connection: requests come in, one after the other
exchange             one request on it and its answer
request_body         the request's body, with back-pressure and 100 Continue
head_rules           which request heads are refused before anybody reads them: two lengths, odd codings, two hosts
pool                 connections to one upstream, kept alive between exchanges
upstream_connection  one of them
whole_messages       requests and answers that have come whole in one read
upstream_exchange    a request on it and its answer, taken chunk by chunk
relay                a request to an upstream and its answer back, with callbacks alone
heads                the bytes of heads, and which headers are for one hop only
outbox               what is written while a connection is read goes out at once
deadlines            one clock hand for all time-outs
tls                  certificates, ours and the upstreams'
"""
