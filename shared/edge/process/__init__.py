"""A process that listens: HTTP and gRPC in one event loop, from the first signal of readiness to the last."""
