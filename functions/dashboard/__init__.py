"""One page of figures."""
