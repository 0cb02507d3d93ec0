"""Live events over HTTP: server-sent events and WebSocket, as `shared.edge` is requests and answers."""

from shared.edge.streaming.declared import Stream, stream
from shared.edge.streaming.job import selection_of_job
from shared.edge.streaming.selection import Selection
from shared.edge.streaming.streaming import Streaming

__all__ = ["Selection", "Stream", "Streaming", "selection_of_job", "stream"]
