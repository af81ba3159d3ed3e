"""SQL that makes a table refuse changes, for SQLite and PostgreSQL. Pure text; migrations run it."""

from __future__ import annotations


def refuse(vendor: str, table: str, *acts: str, key: str = "id") -> list[str]:
    """Statements after which `table` refuses the named acts (UPDATE, DELETE) and, on PostgreSQL, TRUNCATE.

    SQLite's REPLACE deletes without firing DELETE triggers, so there an INSERT over an existing key is refused as well;
    a table with more that is unique calls `refuse_over`.
    """
    return sqlite(table, acts, key) if vendor == "sqlite" else postgresql(table, acts)


def sqlite(table: str, acts: tuple[str, ...], key: str) -> list[str]:
    refusal = f"SELECT RAISE(ABORT, '{table} only grows')"
    made = [
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} BEGIN {refusal}; END"
        for act in acts
    ]
    exists = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608  (names from migrations)
    return [
        *made,
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {exists} BEGIN {refusal}; END",
    ]


def refuse_over(vendor: str, table: str, *keys: tuple[str, ...]) -> list[str]:
    """Statements after which an INSERT over a row that has the same rowid, or the same in all columns of one of these keys,
    is refused: REPLACE takes away whatever row is in the way of any of them. PostgreSQL knows no REPLACE.
    """
    if vendor != "sqlite":
        return []
    ways = [" AND ".join(f"{column} = NEW.{column}" for column in key) for key in (("rowid",), *keys)]
    exists = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {' OR '.join(f'({way})' for way in ways)})"  # noqa: S608
    refusal = f"SELECT RAISE(ABORT, '{table} only grows')"
    return [
        f"DROP TRIGGER {table}_no_replace",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {exists} BEGIN {refusal}; END",
    ]


def postgresql(table: str, acts: tuple[str, ...]) -> list[str]:
    function = (
        f"CREATE OR REPLACE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$"
    )
    rows = [
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION {table}_only_grows()"
        for act in acts
    ]
    whole = (
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {table}_only_grows()"
    )
    return [function, *rows, whole]


def refuse_if_found(vendor: str, table: str, query: str, says: str) -> list[str]:
    """Statements after which `table` refuses an INSERT for which `query`, a SELECT over NEW, finds anything."""
    name = f"{table}_insert_refused"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN EXISTS ({query}) "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF EXISTS ({query}) THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def allow(vendor: str, table: str, act: str) -> str:
    """The statement that takes back one act of `refuse`, so that a narrower refusal can follow."""
    name = f"{table}_no_{act.lower()}"
    return f"DROP TRIGGER {name}" if vendor == "sqlite" else f"DROP TRIGGER {name} ON {table}"


def refuse_where(vendor: str, table: str, act: str, condition: str, says: str) -> list[str]:
    """Statements after which `table` refuses one act (INSERT or UPDATE) on rows for which `condition` holds.

    The condition is SQL that both databases know, over NEW and OLD; `says` is what they answer.
    """
    name = f"{table}_{act.lower()}_refused"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{says}'; END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW WHEN ({condition}) "
        f"EXECUTE FUNCTION {name}()",
    ]


def refuse_if(vendor: str, name: str, table: str, act: str, condition: str) -> list[str]:
    """As `refuse_where`, for a condition that asks other tables. `name` is what both databases answer.

    Such a trigger stands in the way of a table that is made anew, so it is not made by a migration: see `work.guards`.
    """
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{name}'); END"
        ]
    raises = f"RAISE EXCEPTION '{name}' USING ERRCODE = 'check_violation'"
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {condition} THEN {raises}; END IF; RETURN COALESCE(NEW, OLD); END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
