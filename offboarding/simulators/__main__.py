"""`python -m offboarding.simulators --port 9100 --describe FILE`: runs until it is told to end."""

import argparse
import signal
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
    return parser.parse_args()


def main() -> None:
    given = arguments()
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
            write_atomically(given.describe, simulator.describe())
        print(f"Segment (simulated): US {simulator.base_url}  EU {simulator.eu_url}", flush=True)
        ending.wait()


if __name__ == "__main__":
    main()
