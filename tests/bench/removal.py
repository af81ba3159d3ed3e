"""How long a removal takes, from the press that approves it to the last place that was read again, beside its own calls.

    python -m tests.bench.removal

`serve` on SQLite, with one process for everything and with a further one for the engine's work. Nothing could be faster
than the longer of one workspace's calls in a row and all calls spread over the threads. The calls and their lengths are the
simulator's own notes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.bench import ground
from tests.bench.click import before_approving, signed_in
from tests.bench.table import Row
from tests.journeys.stack import answers

WORKSPACES, MEMBERS, LATENCY = 100, 400, 0.1


@dataclass(frozen=True)
class Figure:
    threads: int  # of all processes
    processes: int
    seconds: float
    calls: list[dict[str, Any]]

    @property
    def in_a_row(self) -> float:
        """All of them, one after the other."""
        return sum(call["ended"] - call["at"] for call in self.calls)

    @property
    def path(self) -> float:
        """The longest chain: look, act, look, and the read after it, in one workspace."""
        chains: Counter[str] = Counter()
        for call in self.calls:
            chains[call["workspace"]] += call["ended"] - call["at"]
        return max(chains.values())

    @property
    def bound(self) -> float:
        return max(self.path, self.in_a_row / self.threads)


def measure(place: ground.Ground, removal: Any, threads: int, processes: int) -> Figure:
    place.product.environ["OFFBOARD_ENGINE_THREADS"] = str(threads // processes)
    place.product.environ["OFFBOARD_ENGINE_PROCESSES"] = str(processes)
    place.manage("serve", "serve", "--bind", f"127.0.0.1:{place.port}")
    ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 60)
    bob = signed_in(place)
    before_approving(bob, removal)
    time.sleep(8)  # all processes are up, and have nothing to do
    began = time.time()
    bob.press("Approve removal from")
    ground.until(ground.all_done(removal, "verify.place"), 600, pause=0.5)
    seconds = ground.ended(removal, "verify.place").timestamp() - began
    calls = [call for call in place.calls(began) if "audit" not in call["path"]]
    place.stop("serve")
    return Figure(threads, processes, seconds, [call for call in calls if call["at"] < began + seconds])


def main() -> None:
    """Each in an installation of its own, where nothing is left of the one before."""
    if len(sys.argv) == 1:
        for threads, processes in ((16, 1), (16, 2), (64, 1)):
            words = ["-m", "tests.bench.removal", str(threads), str(processes)]
            subprocess.run([sys.executable, *words], check=True)
        return
    threads, processes = map(int, sys.argv[1:])
    with ground.ground(ground.one_role_each(WORKSPACES, MEMBERS)) as place:
        ground.people()
        removal = ground.filed(ground.connected(place.product.described["workspaces"]))
        place.latency(LATENCY)
        figure = measure(place, removal, threads, processes)
        how = "one process" if processes == 1 else f"{processes} processes"
        print(row(figure, f"{how}, SQLite, {place.cores}").told(), flush=True)


def row(each: Figure, on: str) -> Row:
    what = f"approval to the last read again; {WORKSPACES} workspaces, {LATENCY * 1000:.0f} ms a call, {each.threads} threads"
    measured = (
        f"{each.seconds:.1f} s, {len(each.calls)} calls: {each.seconds / each.bound:.1f} × its calls alone"
    )
    return Row(
        "removal", what, measured, f"one after the other: {each.in_a_row / each.seconds:.0f} × as long", on
    )


if __name__ == "__main__":
    main()
