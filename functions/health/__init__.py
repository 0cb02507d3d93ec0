"""For load balancers, probes and Prometheus. No credential."""
