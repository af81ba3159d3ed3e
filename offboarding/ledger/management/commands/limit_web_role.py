from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

# What is written once: pages and engines add rows, and nobody but the owner of the tables could do more.
WRITTEN_ONCE = (
    "ledger_entry",
    "ledger_checkpoint",
    "ledger_signingkey",
    "ledger_stamp",
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
        parser.add_argument("role", help="a role that owns no table of ours")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="make it if it is not there, and give it the password in the first line",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles.")
        role = options["role"]
        password = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        if options["password_stdin"] and not password:
            raise CommandError("There is no password in the first line.")
        with transaction.atomic(), connection.cursor() as cursor:
            if password:
                make(cursor, role, password)
            check(cursor, role)
            for statement in statements(connection.ops.quote_name(role)):
                cursor.execute(statement)
        self.stdout.write(f"{role} adds to the record, and cannot change it.")


def make(cursor: Any, role: str, password: str) -> None:
    """Once, or only its password anew."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    if verb == "ALTER":
        check(cursor, role)  # before its password is another one
    cursor.execute(f"{verb} ROLE {connection.ops.quote_name(role)} LOGIN PASSWORD %s", [password])


def check(cursor: Any, role: str) -> None:
    """It is there, and is neither whoever owns the tables nor above all rights."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
    found = cursor.fetchone()
    if found is None:
        raise CommandError(
            f"There is no role {role}. Make it with --password-stdin, or with CREATE ROLE first."
        )
    cursor.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = %s", [role])
    if found[0] or cursor.fetchone():
        raise CommandError(
            f"{role} owns the tables or is a superuser, so nothing can be kept from it. Name another role."
        )


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
