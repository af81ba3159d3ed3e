"""A mail server that speaks SMTP and answers as it is told: real sockets, scripted trouble."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# "250 ok" to everything else.
ANSWERS = {"HELLO": "220 ready", "DATA": "354 go on", "QUIT": "221 bye"}
HANG_UP = ""


@dataclass
class Box:
    """`answers` replaces what the server says at a moment; `HANG_UP` closes the connection instead."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    port: int = 0

    def says(self, moment: str) -> str:
        return self.answers.get(moment, ANSWERS.get(moment, "250 ok"))


def handler(box: Box) -> type[socketserver.StreamRequestHandler]:
    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            going = self.answer("HELLO")
            while going and (line := self.rfile.readline()):
                moment = line[:4].decode().strip().upper()
                going = self.answer(moment) and moment != "QUIT"
                if going and moment == "DATA" and box.says("DATA").startswith("3"):
                    body = self.body()
                    if box.says("BODY").startswith("2") or box.says("BODY") == HANG_UP:
                        box.taken.append(body)
                    going = self.answer("BODY")

        def answer(self, moment: str) -> bool:
            words = box.says(moment)
            if words != HANG_UP:
                self.wfile.write(f"{words}\r\n".encode())
            return words != HANG_UP

        def body(self) -> str:
            lines: list[bytes] = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines).decode()

    return Talk


@contextmanager
def mail_server(**answers: str) -> Iterator[Box]:
    box = Box(answers)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler(box)) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()
