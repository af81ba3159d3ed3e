from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

# What is written once: pages and engines add rows, and nobody but the owner of the tables could do more.
WRITTEN_ONCE = (
    "ledger_entry",
    "ledger_checkpoint",
    "ledger_signingkey",
    "evidence_evidence",
    "retention_tombstone",
)
# Of what is written once, the columns that may change: triggers let a day only grow, and an end be said once.
GROWING = {"evidence_evidence": "keep_until", "retention_tombstone": "outcome, gone_at"}
# Names may be erased one day, and never changed.
NEVER_CHANGED = ("ledger_personal",)


class Command(BaseCommand):
    help = "Gives a PostgreSQL role what pages and engines need, and no more: it cannot change the record."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("role", help="a role that exists, and that owns no table of ours")

    def handle(self, *_args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [options["role"]])
            if cursor.fetchone() is None:
                raise CommandError(f"There is no role {options['role']}. Make it with CREATE ROLE first.")
            for statement in statements(connection.ops.quote_name(options["role"])):
                cursor.execute(statement)
        self.stdout.write(f"{options['role']} adds to the record, and cannot change it.")


def statements(role: str) -> list[str]:
    """`role` is quoted. Run again after each migration: tables that came meanwhile are not in it."""
    once, unchanged = ", ".join(WRITTEN_ONCE), ", ".join(NEVER_CHANGED)
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {once} FROM {role}",
        *(f"GRANT UPDATE ({column}) ON {table} TO {role}" for table, column in GROWING.items()),
        f"REVOKE UPDATE, TRUNCATE ON {unchanged} FROM {role}",
    ]
