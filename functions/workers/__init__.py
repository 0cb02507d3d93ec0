"""Workers that say they are alive. Registering is optional: any `worker_id` may take jobs."""
