"""Files that a process may have open: each connection is one."""

import logging
import resource

logger = logging.getLogger("spooled.process")
_OTHERS = 128
"""Connections to the servers, modules that are read late, and what the log is written to."""


def room_for_connections(wanted: int) -> int:
    """How many connections there can be, up to `wanted`; the limit of this process is raised for them.

    At the limit a process could accept none, refuse none and open no file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + _OTHERS:
        soft = wanted + _OTHERS if hard == resource.RLIM_INFINITY else min(wanted + _OTHERS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _OTHERS))
    if room < wanted:
        logger.warning("%s connections at most, as the system allows %s open files (ulimit -n)", room, soft)
    return room
