"""What is open for long: server-sent events, WebSocket, and gRPC with one method a page.

No Lambda functions: one long-lived service has them all, in the cloud a container, on a laptop the process of
`make run`.
"""
