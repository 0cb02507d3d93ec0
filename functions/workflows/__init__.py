"""Jobs that wait for each other, made whole or not at all."""
