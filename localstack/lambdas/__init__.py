"""AWS Lambda on one machine: the real runtime client, in a process of its own per environment."""
