"""`make test`: every pass that a change must survive, three at a time, and at the end which ran and on what.

`python tests/run.py [pass …]` runs only those named.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import servers
from tests.faults import short

BIN = Path(sys.executable).parent
AT_ONCE = 3  # two cores, and one that waits for a server or a browser
# The rooms whose behaviour depends on the database: they are tried on both.
ROOMS = [
    "work",
    "ledger",
    "evidence",
    "discovery",
    "removals",
    "checklist",
    "approvals",
    "verification",
    "retention",
    "journey",
]
# Whole steps, the slowest of all: tried on PostgreSQL here; on SQLite every kind of step is killed and taken up in `faults`.
ONCE = ["execution"]
# A worker that has nothing left takes over what the other one has not begun.
TWO = ("-n", "2", "--dist", "worksteal")
printing = threading.Lock()
spent = threading.local()  # by the commands of the pass that this thread performs


@dataclass(frozen=True)
class Outcome:
    name: str
    ok: bool
    seconds: float
    cpu: float  # seconds of all cores
    says: str


@dataclass(frozen=True)
class Pass:
    name: str
    run: Callable[[], tuple[int, str, str]]  # exit code, output, on what


def command(*words: str | Path, **environ: str) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        begun = subprocess.Popen(
            [str(word) for word in words],
            cwd=ROOT,
            env={**clean_environment(), **environ},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(begun.pid, 0)
        begun.returncode = os.waitstatus_to_exitcode(status)
        spent.cpu = getattr(spent, "cpu", 0.0) + used.ru_utime + used.ru_stime
        said.seek(0)
        return begun.returncode, said.read()


def clean_environment() -> dict[str, str]:
    """Ours, without what a developer may have set for another run of the product.

    Where Python is told to keep no bytecode, it is kept outside of the project: a hundred processes begin in a run, and
    each would spend twice as long on compiling the same modules as on everything else before its first line.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("OFFBOARD_")}
    if own.pop("PYTHONDONTWRITEBYTECODE", ""):
        own["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"offboard-bytecode-{os.getuid()}")
    return own


def pytest(*words: str | Path, **environ: str) -> tuple[int, str]:
    """What tests write is in memory if it can be, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="offboard-tests-", dir=servers.roomy()) as folder:
        places = {"TEST_FOLDER": folder, "PYTEST_DEBUG_TEMPROOT": folder}
        return command(BIN / "python", "-m", "pytest", "-q", *words, **places, **environ)


def lint() -> tuple[int, str, str]:
    checked, output = command(BIN / "ruff", "check", ".")
    formatted, more = command(BIN / "ruff", "format", "--check", ".")
    return checked or formatted, output + more, "ruff"


def types() -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as data:
        code, output = command(BIN / "mypy", OFFBOARD_DEMO="1", OFFBOARD_DATA=data)
    return code, output, "mypy, strict"


def house() -> tuple[int, str, str]:
    code, output = pytest("tests/house")
    return code, output, "floors, words, documentation"


def unit() -> tuple[int, str, str]:
    outside = [f"--ignore=tests/{name}" for name in ("house", "journeys", "browser", "faults", *ONCE)]
    code, output = pytest("tests", *TWO, *outside)
    return code, output, "SQLite"


def rooms() -> tuple[int, str, str]:
    with servers.postgres() as server:
        there = [f"tests/{name}" for name in (*ONCE, *ROOMS)]
        code, output = pytest(*there, *TWO, TEST_DATABASE_URL=server.url, TEST_TRIED=" ".join(ROOMS))
    return code, output, server.says


def journeys() -> tuple[int, str, str]:
    code, output = pytest("tests/journeys", JOURNEY_STACK="sqlite")
    return code, output, "SQLite, the engine alone"


def production() -> tuple[int, str, str]:
    with ExitStack() as stack:
        database, broker = stack.enter_context(servers.postgres()), stack.enter_context(servers.redis())
        environ = {"JOURNEY_STACK": "production", "TEST_POSTGRES": database.url, "TEST_REDIS": broker.url}
        # An emergency has an installation of its own, which is the one that `journeys` tries too.
        code, output = pytest("tests/journeys", "--ignore=tests/journeys/test_emergency.py", **environ)
    return code, output, f"{database.says}; {broker.says}; an engine and two Celery workers"


def faults() -> tuple[int, str, str]:
    with servers.postgres() as server:
        code, output = pytest("tests/faults", *TWO, TEST_POSTGRES=server.url)
    return code, output, f"SQLite and {server.says}; the short forms; {short.says()}"


def browser() -> tuple[int, str, str]:
    if os.environ.get("BROWSER") == "0":
        return 0, "", "DID NOT RUN, as BROWSER=0 asks"
    if not servers.chromium() and not installed_chromium():
        return 1, "No Chromium was found. Install one, or say BROWSER=0 to go without.\n", "DID NOT RUN"
    code, output = pytest("tests/browser", CHROMIUM=servers.chromium())
    return code, output, servers.chromium()


PRESSED = ("tests/security/test_hundred_presses.py", "tests/security/test_hundred_more_presses.py")

FUZZED = ("tests/security/test_fuzzed_forms.py", "tests/security/test_fuzzed_queries.py")
TEXTS = os.environ.get("FUZZ", "40")


def presses() -> tuple[int, str, str]:
    code, output = pytest(*PRESSED, PRESSES="100")
    return code, output, "SQLite, 100 presses each"


def presses_there() -> tuple[int, str, str]:
    with servers.postgres() as server:
        code, output = pytest(*PRESSED, PRESSES="100", TEST_DATABASE_URL=server.url)
    return code, output, f"{server.says}, 100 presses each"


def fuzz() -> tuple[int, str, str]:
    code, output = pytest(*FUZZED, FUZZ=TEXTS)
    return code, output, f"SQLite, {TEXTS} texts at each address"


def fuzz_there() -> tuple[int, str, str]:
    with servers.postgres() as server:
        code, output = pytest(*FUZZED, FUZZ=TEXTS, TEST_DATABASE_URL=server.url)
    return code, output, f"{server.says}, {TEXTS} texts at each address"


def installed_chromium() -> bool:
    """Where the command may (root on a Debian), it installs what it needs."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    command("apt-get", "update", "-qq")
    code, _ = command("apt-get", "install", "-y", "-qq", "chromium", DEBIAN_FRONTEND="noninteractive")
    return code == 0 and bool(servers.chromium())


# First those that wait for most of their time, then the longest, so that no core waits at the end for one that began late.
PASSES = {
    each.__name__: Pass(each.__name__, each)
    for each in (production, journeys, unit, faults, rooms, browser, types, house, lint)
}

# Whole trials that are asked for by name: `make presses`, `make fuzz`.
TRIALS = {each.__name__: Pass(each.__name__, each) for each in (presses, presses_there, fuzz, fuzz_there)}


def perform(each: Pass) -> Outcome:
    started, spent.cpu = time.monotonic(), 0.0
    try:
        code, output, says = each.run()
    except servers.NoServer as error:
        code, output, says = 1, f"{error}\n", "DID NOT RUN"
    outcome = Outcome(each.name, code == 0, time.monotonic() - started, spent.cpu, says)
    with printing:
        print(f"\n===== {each.name} ({says})\n{output}", flush=True)
    return outcome


def main(names: list[str]) -> int:
    wanted = [(PASSES | TRIALS)[name] for name in names] or list(PASSES.values())
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(perform, wanted))
    print("\nWhat ran, and on what")
    for outcome in outcomes:
        word, used = "passed" if outcome.ok else "FAILED", f"{outcome.cpu:4.0f} s of a core"
        print(f"  {word} {outcome.name:11} {outcome.seconds:4.0f} s  {used}  {outcome.says}")
    failed = sum(not outcome.ok for outcome in outcomes)
    print(
        f"{time.monotonic() - started:.0f} seconds in all\n\n{len(outcomes) - failed} passed, {failed} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
