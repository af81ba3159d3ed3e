"""A ledger of a million entries: how long `verify_ledger` walks and in how much memory, and one proof of inclusion.

    python -m tests.bench.ledger [ENTRIES]

SQLite, in a folder of its own. Entries are written by the product, twenty thousand in each transaction.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.table import Row

ENTRIES = 1_000_000
TOGETHER = 20_000
PROOFS = 200


def begin(folder: str) -> None:
    from offboarding import env

    os.environ |= {
        **env.fresh_keys(),
        "OFFBOARD_DATA": folder,
        "DJANGO_SETTINGS_MODULE": "offboarding.settings",
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def fill(entries: int) -> None:
    from django.db import transaction

    from offboarding.ledger.actions import Actor, Event, record_each

    somebody = Actor("user", "7", "Alice Weber")
    for first in range(0, entries, TOGETHER):
        facts: list[dict[str, Any]] = [
            {"item": n % 40, "title": "Remove from Acme Production", "says": "not among members"}
            for n in range(first, min(first + TOGETHER, entries))
        ]
        with transaction.atomic():
            record_each(Event.ITEM_MOVED, facts, actor=somebody, about=f"R-{1000 + first // 200}")


def walked() -> tuple[float, float, float]:
    """Seconds, seconds of a core, and megabytes of a process that verifies."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "manage.py", "verify_ledger"], stdout=subprocess.PIPE)
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0 and process.stdout and b" hold" in process.stdout.read()
    process.returncode = 0
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def proved(size: int) -> tuple[float, float]:
    """Milliseconds of one proof, each from the database anew; the middle and the slowest of many."""
    from offboarding.ledger.models import Entry
    from offboarding.ledger.queries import newest_checkpoint
    from offboarding.ledger.tiles import Stored
    from offboarding.lib.merkle import verify_inclusion

    made, taken = newest_checkpoint(), []
    assert made and made.size == size
    for n in range(PROOFS):
        index = n * (size - 1) // (PROOFS - 1)
        began = time.perf_counter()
        proof = Stored(size).inclusion(index)
        taken.append(1000 * (time.perf_counter() - began))
        assert verify_inclusion(bytes(Entry.objects.get(seq=index + 1).body), index, size, proof, made.root)
    return statistics.median(taken), max(taken)


def paged() -> dict[str, float]:
    """Milliseconds of one page of the audit log: the newest, one in the middle, by person, and within one client's walls."""
    from offboarding.directory.models import Client
    from offboarding.directory.rules import Scope
    from offboarding.ledger.models import Head
    from offboarding.reports.audit import queries
    from offboarding.reports.audit.rules import Wanted
    from offboarding.users.models import User
    from offboarding.users.rules import Role

    half = Head.objects.get(pk=1).seq // 2
    User.objects.create(pk=7, email="alice@northwind.example", name="Alice Weber")
    client = Client.objects.create(name="Acme", slug="acme")
    everywhere = Scope(1, "erin@northwind.example", frozenset({(Role.AUDITOR, None)}))
    walled = Scope(1, "erin@northwind.example", frozenset({(Role.AUDITOR, client.pk)}))
    pages = {
        "the newest": (everywhere, Wanted(), None),
        "one in the middle": (everywhere, Wanted(), half),
        "by person": (everywhere, Wanted(who="alice"), half),
        "by kind": (everywhere, Wanted(what="item"), half),
        "of a request": (everywhere, Wanted(about="R-1900"), None),
        "a search": (everywhere, Wanted(text="R-1900"), None),
        "of a client without entries": (walled, Wanted(), None),
    }
    taken = {}
    for name, (scope, wanted, before) in pages.items():
        began = time.perf_counter()
        queries.page(queries.entries(scope, wanted), before=before)
        taken[name] = 1000 * (time.perf_counter() - began)
    return taken


def main(entries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="offboard-bench-") as folder:
        begin(folder)
        from offboarding.ledger.actions import checkpoint

        fill(entries)
        began = time.perf_counter()
        checkpoint()
        first = time.perf_counter() - began
        seconds, core, megabytes = walked()
        on = f"SQLite, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
        size = Path(folder, "offboard.sqlite3").stat().st_size / 1e6
        measured = f"{seconds:.0f} s ({core:.0f} s of a core), {megabytes:.0f} MB"
        print(
            Row(
                "ledger",
                f"`verify_ledger` over {entries:,} entries",
                measured,
                f"a file of {size:.0f} MB",
                on,
            ).told()
        )
        aside = f"the first checkpoint, which reads all of them: {first:.0f} s"
        middle, slowest = proved(entries)
        what = f"one proof of inclusion, the middle and the slowest of {PROOFS}"
        print(Row("ledger", what, f"{middle:.1f} and {slowest:.1f} ms", aside, on).told())
        pages = paged()
        each = ", ".join(f"{name} {took:.0f} ms" for name, took in pages.items())
        print(
            Row(
                "ledger", "a page of the audit log, the slowest", f"{max(pages.values()):.0f} ms", each, on
            ).told()
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
