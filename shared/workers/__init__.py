"""Workers: who works, for which queues, and whether it is still heard of."""
