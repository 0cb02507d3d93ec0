"""What is measured, and how: `make bench`, or a module by itself with `python -m benchmarks.MODULE`."""
