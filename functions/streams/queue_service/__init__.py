"""The gRPC methods of QueueService: jobs, pushed, taken and settled."""
