"""Live events: what happens, told as it happens, by server-sent events or over a WebSocket.

Browsers cannot send a header with either, so here the query's `token` may hold the key or access token. Who
comes back with the id of the last event that it saw misses none and sees none twice. The same long-lived
service speaks gRPC.
"""
