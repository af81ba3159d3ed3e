"""The simulator as a whole: two ports (US and EU), one world, its control, its state on disk."""

import json
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from offboarding.simulators import worlds
from offboarding.simulators.clock import Clock
from offboarding.simulators.control import Control, brief
from offboarding.simulators.control_http import PREFIX, ControlApi
from offboarding.simulators.journal import Journal
from offboarding.simulators.segment.app import SegmentApp
from offboarding.simulators.segment.world import World
from offboarding.simulators.server import Reply, Request, Server

Json = dict[str, Any]
REGIONS = ("US", "EU")
SAVE_EVERY = 5.0  # seconds


class Simulator:
    """Simulated Segment workspaces on loopback.

        with Simulator("demo") as segment:
            segment.base_url, segment.token("acme-production"), segment.control.add_trouble({...})

    `world`: a shipped name ("demo", "synthetic", "synthetic:100x10000"), a JSON file, or the data itself.
    Port 0 takes any free one. `state`: a file that keeps changes over a restart.
    """

    def __init__(
        self,
        world: str | Path | Mapping[str, Any] = "demo",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        eu_port: int = 0,
        advertise: str | None = None,
        strict: bool = False,
        state: Path | None = None,
        control_token: str | None = None,
    ) -> None:
        self.clock, self.journal = Clock(), Journal()
        self.world = World(worlds.load(world), self.clock.now())
        self.control = Control(self.world, self.clock, self.journal)
        self.control_token = control_token or secrets.token_urlsafe(24)
        self._listen = {"US": (host, port), "EU": (host, eu_port)}
        self._advertise, self._state, self._strict = advertise or host, state, strict
        self._servers: dict[str, Server] = {}
        self._stopping = threading.Event()
        self._saved = ""

    def start(self) -> str:
        """Listens on both ports and returns the US base address."""
        if self._state and self._state.exists():
            self.world.restore(json.loads(self._state.read_text()))
        self._stopping.clear()
        self._segment = SegmentApp(self.world, self.clock, self.journal, self._stopping, self._strict)
        self._control_api = ControlApi(self.control, self.control_token)
        for region in REGIONS:
            self._servers[region] = Server(self._listen[region], region, self._respond)
        for server in self._servers.values():
            server.start()
        if self._state:
            threading.Thread(target=self._keep_saving, name="simulator state", daemon=True).start()
        return self.base_url

    def stop(self) -> None:
        """Ends all connections and keeps the state."""
        self._stopping.set()
        for server in self._servers.values():
            server.stop()
        self._servers.clear()
        self.save()

    def __enter__(self) -> "Simulator":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        return self.url("US")

    @property
    def eu_url(self) -> str:
        return self.url("EU")

    def url(self, region: str) -> str:
        """The base address of a region; a token works on its own region's only."""
        return f"http://{self._advertise}:{self._servers[region].port}"

    def url_of(self, ref: str) -> str:
        """The base address for one workspace."""
        return self.url(self.world.workspace(ref).region)

    def token(self, ref: str, level: str = "owner") -> str:
        """The token of a workspace named by slug or id."""
        return self.world.workspace(ref).tokens[level].value

    def describe(self) -> Json:
        """Everything that a client of this simulator has to know."""
        places = [
            {**brief(workspace), "base_url": self.url(workspace.region)}
            for workspace in self.world.workspaces
        ]
        return {
            "world": self.world.data.get("name", ""),
            "segment": {region.lower(): self.url(region) for region in REGIONS},
            "workspaces": places,
            "control": {"url": self.base_url + PREFIX.rstrip("/"), "token": self.control_token},
        }

    def save(self) -> None:
        """Writes all changes to the state file, whole or not at all; nothing if nothing changed."""
        if not self._state:
            return
        text = json.dumps(self.world.dump(), indent=1)
        if text != self._saved:
            write_atomically(self._state, text)
            self._saved = text

    def _keep_saving(self) -> None:
        while not self._stopping.wait(SAVE_EVERY):
            self.save()

    def _respond(self, request: Request) -> Reply:
        if request.path.startswith(PREFIX):
            return self._control_api.respond(request)
        return self._segment.respond(request)


def write_atomically(path: Path, text: str) -> None:
    """Readers see the old file or the new one, readable by its owner only: it holds tokens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
