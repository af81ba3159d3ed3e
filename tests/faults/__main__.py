"""`python -m tests.faults [CASE …] [--database sqlite|postgres] [--seed N] [--short]`: proves what survives.

Without a case, all. One line each; the whole trial also writes its rows into the table in README.md.
"""

from __future__ import annotations

import argparse
import secrets
import sys

from tests.faults import table
from tests.faults.databases import BOTH
from tests.faults.runner import Row, load_cases, stand


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("case", nargs="*", help="all, if none is named")
    parser.add_argument("--database", choices=BOTH, help="only on this one")
    parser.add_argument("--seed", type=int, help="repeats what was drawn at random")
    parser.add_argument(
        "--short", action="store_true", help="small counts, as in `make test`; writes no table"
    )
    parser.add_argument("--list", action="store_true", help="say which cases there are")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    cases = load_cases()
    if unknown := set(given.case) - set(cases):
        print(f"No case is called {', '.join(sorted(unknown))}. There are: {', '.join(cases)}.")
        return 2
    if given.list:
        print("\n".join(f"{name:24} {case.says}" for name, case in cases.items()))
        return 0
    seed = given.seed if given.seed is not None else secrets.randbelow(10_000)
    rows = performed(given, seed)
    if not given.short:
        table.write(rows, list(cases))
    failed = sum(not row.passed for row in rows)
    print(f"{len(rows) - failed} passed, {failed} failed; repeat with --seed {seed}")
    return 1 if failed else 0


def performed(given: argparse.Namespace, seed: int) -> list[Row]:
    rows = []
    with stand() as place:
        for name, case in load_cases().items():
            if given.case and name not in given.case:
                continue
            for database in case.databases:
                if given.database in (None, database):
                    rows.append(place.perform(name, database, seed, not given.short))
                    print(rows[-1].line() + (f"\n{rows[-1].told}" if rows[-1].told else ""), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
