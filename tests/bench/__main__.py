"""`python -m tests.bench [PART …]`: measures, prints, and writes the rows of these parts into README.md."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from tests.bench import table


def measured(part: str) -> list[table.Row]:
    """Each part sets up Django in its own way, so each has a process of its own. What it says is passed on."""
    print(f"===== {part}", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{part}"],
        cwd=table.README.parent,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    rows = []
    for line in process.stdout:
        if row := table.heard(line):
            rows.append(row)
            print(f"{row.what}: {row.measured}; {row.beside} ({row.on})", flush=True)
    if process.wait():
        raise SystemExit(f"{part} was not measured")
    return rows


def main(parts: list[str]) -> None:
    if unknown := set(parts) - set(table.PARTS):
        raise SystemExit(f"No part {', '.join(sorted(unknown))}. There are: {', '.join(table.PARTS)}.")
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(f"{cores} cores; {load:.1f} programs wanted one before we began")
    for part in parts or table.PARTS:
        table.write(measured(part), f"{datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    main(sys.argv[1:])
