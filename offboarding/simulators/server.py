"""A small HTTP/1.1 server with keep-alive, one thread for each connection. It can misbehave on purpose."""

import contextlib
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

IDLE = 75.0  # seconds until a silent connection is closed
LARGEST_BODY = 25 * 1024 * 1024  # Segment Public API, Getting Started


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case. `too_large`: the body was not read."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    region: str
    too_large: bool = False


@dataclass
class Reply:
    """One answer. `manner`: "whole", "reset" (connection reset, no answer), "hang" (silence for `seconds`,
    then closed), "cut" (the connection ends in the middle of the body), "drip" (one byte each `seconds`)."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "whole"
    seconds: float = 0.0


Respond = Callable[[Request], Reply]


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens from the moment it is made; `start` begins to answer."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], region: str, respond: Respond) -> None:
        super().__init__(address, Connection)
        self.region, self.respond = region, respond
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(
            target=self.serve_forever, args=(0.02,), name=f"simulator {self.region}", daemon=True
        ).start()

    def stop(self) -> None:
        """Stops answering, wakes everybody who waits and ends open connections."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that goes away is no event; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Connection(BaseHTTPRequestHandler):
    """Reads requests from one connection until it ends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the simulator keeps its own log of calls."""

    def serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdigit() else LARGEST_BODY + 1
        too_large = size > LARGEST_BODY or "Transfer-Encoding" in self.headers
        body = b"" if too_large else self.rfile.read(size)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.respond(
            Request(self.command, path, query, headers, body, self.server.region, too_large)
        )
        self.close_connection = self.close_connection or too_large
        self.give(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = serve

    def give(self, reply: Reply) -> None:
        if reply.manner == "reset":
            self.reset()
        elif reply.manner == "hang":
            self.server.stopping.wait(reply.seconds)
            self.close_connection = True
        else:
            self.write(reply)

    def write(self, reply: Reply) -> None:
        head, body = self.head(reply), reply.body if self.command != "HEAD" else b""
        if reply.manner == "cut":
            self.wfile.write(head + body[: len(body) // 2])
            self.close_connection = True
        elif reply.manner == "drip":
            self.wfile.write(head)
            self.drip(body, reply.seconds)
        else:
            self.wfile.write(head + body)

    def drip(self, body: bytes, seconds: float) -> None:
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            if self.server.stopping.wait(seconds):
                self.close_connection = True
                return

    def head(self, reply: Reply) -> bytes:
        status = HTTPStatus(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        headers["Date"] = formatdate(usegmt=True)
        headers["Content-Length"] = str(len(reply.body))
        if self.close_connection:
            headers["Connection"] = "close"
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def reset(self) -> None:
        """Closing with a linger time of 0 makes the peer see a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.server.closed(self.connection)
        self.rfile.close()
        self.connection.close()
