"""One module for each command, named as it is, with the command in `command`."""
