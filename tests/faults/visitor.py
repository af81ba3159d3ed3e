"""People at browsers while something is broken: each request is timed, as they would feel it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from time import monotonic

import httpx
from PIL import Image

from offboarding.demo.cast import PASSWORD
from tests.faults.product import go_first
from tests.journeys.reader import Reader

READY = "/readyz"
PAGES = ("/", "/requests/", "/setup/engine/", READY)


@dataclass(frozen=True)
class Visit:
    began: float
    took: float
    what: str
    status: int  # 0: no answer


@dataclass
class Book:
    """Every request of every person."""

    visits: list[Visit] = field(default_factory=list)

    def slower_than(self, seconds: float) -> list[str]:
        return [f"{visit.what} took {visit.took:.1f} s" for visit in self.visits if visit.took > seconds]

    def broken(self) -> list[str]:
        """What brought no page. That work is late for a moment is an answer too, if it is not the usual one."""
        ready = [visit.status for visit in self.visits if visit.what.endswith(READY)]
        late = 503 if ready.count(503) * 10 <= len(ready) else None
        return [
            f"{visit.what} answered {visit.status or 'nothing'}"
            for visit in self.visits
            if not 0 < visit.status < 500 and not (visit.what.endswith(READY) and visit.status == late)
        ]

    @property
    def longest(self) -> float:
        return max((visit.took for visit in self.visits), default=0.0)


class Timed(httpx.HTTPTransport):
    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began, status = monotonic(), 0
        try:
            answer = super().handle_request(request)
            status = answer.status_code
            return answer
        finally:
            what = f"{request.method} {request.url.path}"
            self.book.visits.append(Visit(began, monotonic() - began, what, status))


def signed_in(base: str, name: str, book: Book) -> Reader:
    """One of the cast, through the form."""
    reader = Reader(base, Timed(book))
    reader.get("/signin/").press("Sign in", login=f"{name}@northwind.example", password=PASSWORD)
    assert reader.path == "/", f"{name} could not sign in: {reader.text[:300]}"
    return reader


def approve(base: str, book: Book, reference: str) -> None:
    """Bob signs in, decides, shows once more who he is, and approves."""
    bob = signed_in(base, "bob", book).get(f"/requests/{reference}/approve/")
    bob.press("Continue", decision="approve")
    assert bob.path == "/confirm-identity/", f"no proof was asked for on {bob.path}: {bob.text[:300]}"
    bob.press("Confirm", password=PASSWORD).press("Approve")
    assert "approved" in bob.text.lower(), bob.text[:300]
    bob.client.close()


def sign_off(base: str, book: Book, reference: str, number: int, shade: int) -> None:
    """Olga signs in, attaches a picture to a step, and signs it off."""
    olga = signed_in(base, "olga", book).get(f"/requests/{reference}/steps/{number}/")
    files = {"file": (f"proof-{shade}.png", picture(shade), "image/png")}
    olga.press("Sign off", needs="attest", attest="on", note="seen and done", files=files)
    assert olga.answer.status_code == 200, olga.text[:300]
    olga.client.close()


def picture(shade: int) -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 30), (shade % 256, 90, 81)).save(made, "PNG")
    return made.getvalue()


def still_throttled(base: str, book: Book) -> bool:
    """Wrong passwords for one address are refused after a few, and then the right one too."""
    reader = Reader(base, Timed(book))
    for _ in range(7):
        reader.get("/signin/").press("Sign in", login="guess@northwind.example", password="not the password")
        if "too many" in reader.text.lower():
            return True
    return False


class Visitor(threading.Thread):
    """Reads pages all the while, one after the other. What it meets is kept; it never gives up."""

    def __init__(self, base: str, book: Book, name: str = "olga", pages: Iterable[str] = PAGES) -> None:
        super().__init__(name="visitor", daemon=True)
        self.reader, self.book, self.pages = signed_in(base, name, book), book, tuple(pages)
        self.over, self.pause = threading.Event(), 0.1

    def run(self) -> None:
        go_first()
        while not self.over.is_set():
            for page in self.pages:
                with suppress(httpx.HTTPError):  # it stands in the book
                    self.reader.client.get(page)
                self.over.wait(self.pause)

    def __enter__(self) -> Visitor:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(40)
        self.reader.client.close()
