"""The cloud, declared: a Pulumi program, one component per part."""
