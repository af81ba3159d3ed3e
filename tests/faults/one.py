"""One case on one database, in this process: `python -m tests.faults.one CASE --database URL …`. The runner starts it."""

from __future__ import annotations

import argparse
import json
import random
import sys
import traceback
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tests.faults.databases import POSTGRES, SQLITE, Database
from tests.faults.runner import load_cases
from tests.faults.world import world


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("case")
    parser.add_argument("--url", default="")
    parser.add_argument("--database", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--long", action="store_true")
    return parser.parse_args()


def main() -> None:
    from tests.faults.case import Given, load

    given = arguments()
    case = load_cases([given.case])[given.case] if not given.url else None
    with ExitStack() as stack:
        made = None
        if given.url:
            kind = SQLITE if given.url.startswith("sqlite") else POSTGRES
            workspaces = json.loads((given.folder / "workspaces.json").read_text())
            made = stack.enter_context(world(Database(kind, given.url), given.folder, workspaces))
            case = load(given.case)
        assert case is not None
        dice = random.Random(given.seed)
        measured = case.run(Given(made, given.seed, given.long, dice, given.database, given.folder))
    (given.folder / "measured.json").write_text(json.dumps(asdict(measured)))


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
