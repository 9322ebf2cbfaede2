"""Who does the work: names of processes, and whether the process behind a name is still there."""

from __future__ import annotations

import os
import socket


def own_name() -> str:
    """``host:process`` of this very process (computed at each call, because workers fork)."""
    return f"{socket.gethostname()}:{os.getpid()}"


def certainly_gone(name: str) -> bool:
    """Whether the named process ran on this host and has ended.

    False for a process of another host: only its missing heartbeat can tell. That a process number was given to
    somebody else is possible too; then, again, the heartbeat tells, a little later.
    """
    host, _, number = name.rpartition(":")
    if host != socket.gethostname() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(int(number))


def _is_zombie(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
