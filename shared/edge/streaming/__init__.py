"""Live events over HTTP: server-sent events and WebSocket, as `shared.edge` is requests and answers."""

from shared.edge.streaming.declared import Stream, stream

__all__ = ["Stream", "stream"]
