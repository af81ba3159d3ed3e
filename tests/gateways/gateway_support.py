"""What the tests of the gateways share beside fixtures: a token, a fingerprint, a server on a real socket."""

import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable

from offboarding.gateways.outside import Outside

HERE_TOO = Outside(simulators=True)
TOKEN = "sgp_" + "Qm7RtZ" * 10 + "x4c2"

Script = Callable[[socket.socket, bytes], None]


def fingerprint(key: str) -> str:
    return hashlib.sha256(b"test" + key.encode()).hexdigest()[:12]


class Loopback:
    """A server on 127.0.0.1 that does with each connection exactly what the script says."""

    def __init__(self, script: Script) -> None:
        self._script, self._stopped = script, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(65_536) or b"\r\n\r\n"
            self.requests.append(asked)
            self._script(connection, asked)

    def drip(self, connection: socket.socket, data: bytes, every: float = 0.2) -> None:
        """One byte each `every` seconds, until the other side has had enough."""
        for at in range(len(data)):
            if self._stopped.wait(every):
                return
            connection.sendall(data[at : at + 1])

    def close(self) -> None:
        self._stopped.set()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
