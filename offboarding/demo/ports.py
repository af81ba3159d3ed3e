"""Where the demo listens: this machine only, on every address that `localhost` may stand for."""

from __future__ import annotations

import errno
import socket

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class Taken(Exception):
    """Another program listens on this port."""


def binds(port: int) -> tuple[str, ...]:
    """The addresses to listen on, as gunicorn writes them. Raises Taken."""
    free = [(family, host) for family, host in LOOPBACKS if is_free(family, host, port)]
    if not free:
        raise Taken
    return tuple(
        f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}" for family, host in free
    )


def is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    """False where this machine has no such address at all. Raises Taken."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise Taken from error
        return False
    return True
