"""The demo as people start it, and Chromium in front of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests import servers
from tests.migrated import copied_to

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)  # a busy machine paints later; how fast is measured elsewhere
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass(frozen=True)
class Demo:
    base: str
    data: Path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`manage.py demo`, the command behind `make demo`, on data of its own."""
    data, port = tmp_path_factory.mktemp("demo"), servers.free_port()
    copied_to(data / "offboard.sqlite3")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    environ = {**inherited, "OFFBOARD_DEMO": "1", "OFFBOARD_DATA": str(data), "PYTHONUNBUFFERED": "1"}
    environ["OFFBOARD_VOLUME_WATCH_MINUTES"] = "0"  # nobody here waits for events to come in
    with (data / "terminal.txt").open("wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )
        try:
            servers.wait_for(lambda: answers(f"http://localhost:{port}/healthz"), 120, pause=0.3)
            yield Demo(f"http://localhost:{port}", data)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or servers.chromium(), args=FLAGS
        )


@dataclass
class Person:
    """Somebody of the cast at a browser of their own. Errors on the console are collected, whatever page they are on."""

    page: Page
    base: str
    trouble: list[str] = field(default_factory=list)

    def hears(self, message: ConsoleMessage) -> None:
        """A mistake in a form is answered with 422, which Chromium calls an error of the page."""
        if message.type == "error" and "status of 422" not in message.text:
            self.trouble.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def sign_in(self, name: str) -> Person:
        self.go("/signin/")
        self.page.get_by_role("button", name=re.compile(name)).click()
        self.page.wait_for_url(f"{self.base}/")
        return self

    def axe(self) -> None:
        """No violation on the page as it stands, once it is there: a click returns when the answer begins."""
        self.page.wait_for_load_state()
        found = (
            Axe().run(self.page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
        )
        told = [f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}" for each in found]
        assert not told, f"{self.page.url}: {told}"

    def no_sideways_scroll(self) -> None:
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} px too wide"

    def look_around(self) -> None:
        """axe and width, at a desk and on a phone, light and dark."""
        for width, scheme in ((1280, "light"), (320, "dark")):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.axe()
            self.no_sideways_scroll()
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(color_scheme="light")


@pytest.fixture
def person(chromium: Browser, demo: Demo) -> Iterator[Any]:
    """`person("Alice")`: signed in with one press. At the end, nobody's console may have complained."""
    opened: list[tuple[BrowserContext, Person]] = []

    def make(name: str = "", **options: Any) -> Person:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce", **options
        )
        page = context.new_page()
        made = Person(page, demo.base)
        page.on("console", made.hears)
        page.on("pageerror", lambda error: made.trouble.append(str(error)))
        opened.append((context, made))
        return made.sign_in(name) if name else made

    yield make
    told = [line for _, each in opened for line in each.trouble]
    for context, _ in opened:
        context.close()
    assert not told, told
