"""`python -m offboarding.simulators --port 9100 --describe FILE`: runs until it is told to end."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from offboarding.simulators.simulator import Simulator, write_atomically


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m offboarding.simulators", description="Simulated Segment workspaces."
    )
    parser.add_argument("--port", type=int, default=9100, help="US port (0: any free one)")
    parser.add_argument(
        "--eu-port", type=int, help="EU port (left out: the next one, or any free one after --port 0)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--advertise", help="host name to write into the description (left out: --host)")
    parser.add_argument(
        "--world", default="demo", help="demo, synthetic, synthetic:100x10000, or a JSON file"
    )
    parser.add_argument(
        "--strict", action="store_true", help="take only the dot and bracket forms of a query"
    )
    parser.add_argument("--state", type=Path, help="file that keeps changes over a restart")
    parser.add_argument("--describe", type=Path, help="file to write addresses and tokens to, once listening")
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input ends, so never outlive the starter"
    )
    return parser.parse_args()


def main() -> None:
    """Runs; a world or a port that cannot be had ends it with a sentence."""
    try:
        run(arguments())
    except (OSError, ValueError) as error:
        sys.exit(f"The simulator did not start: {error}")


def run(given: argparse.Namespace) -> None:
    eu_port = given.eu_port if given.eu_port is not None else (given.port + 1 if given.port else 0)
    simulator = Simulator(
        given.world, host=given.host, port=given.port, eu_port=eu_port, advertise=given.advertise,
        strict=given.strict, state=given.state,
    )  # fmt: skip
    ending = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, frame: ending.set())
    with simulator:
        if given.describe:
            write_atomically(given.describe, json.dumps(simulator.describe(), indent=1))
        print(f"Segment (simulated): US {simulator.base_url}  EU {simulator.eu_url}", flush=True)
        if given.until_eof:
            threading.Thread(target=watch_input, args=(ending,), daemon=True).start()
        ending.wait()


def watch_input(ending: threading.Event) -> None:
    """A pipe from the starter ends when the starter does, however it does. Nothing is expected from it."""
    while os.read(0, 1024):
        pass
    ending.set()


if __name__ == "__main__":
    main()
