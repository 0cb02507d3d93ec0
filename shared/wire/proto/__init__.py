"""The gRPC interface: `spooled.proto`, and what `make proto` writes from it."""
