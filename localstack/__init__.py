"""The cloud on one machine: embedded servers, and the one process that serves them all."""
