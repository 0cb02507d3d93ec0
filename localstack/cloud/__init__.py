"""The cloud on one machine: what the Pulumi program declares, made in an emulator and run for real."""
