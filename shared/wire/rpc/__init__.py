"""Between the messages of gRPC and the models of the other requests: the same rules, read once."""
