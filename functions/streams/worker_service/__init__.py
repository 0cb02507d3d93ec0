"""The gRPC methods of WorkerService: workers that say they are alive."""
