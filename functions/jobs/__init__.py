"""Push jobs, take them, settle them, look at them.

A worker takes a job under a lease and completes or fails it before the lease ends; what fails too
often is a dead letter until somebody retries it.
"""
