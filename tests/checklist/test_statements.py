"""What ends a login at the database: by the kind of warehouse, and safe to paste whatever the name is."""

from __future__ import annotations

import shlex

import pytest

from offboarding.checklist.statements import BY_HAND, drop_login

STATEMENTS = [
    ("Postgres", "segment_loader", 'run DROP ROLE "segment_loader";', "a role"),
    ("PostgreSQL", "Etl", 'run DROP ROLE "Etl";', "quoted, so its case stays"),
    ("Redshift", "etl", 'run DROP USER "etl";', "a user"),
    ("Snowflake", "segment_loader", "run DROP USER segment_loader;", "unquoted, so any case fits"),
    ("Snowflake", "two words", 'run DROP USER "two words";', "only quotes can hold it"),
    ("Snowflake", 'a"; DROP DATABASE x; --', 'run DROP USER "a""; DROP DATABASE x; --";', "it stays a name"),
    ("Postgres", 'a"; DROP DATABASE x; --', 'run DROP ROLE "a""; DROP DATABASE x; --";', "it stays a name"),
    ("Databricks", "etl", "drop the user etl at the database.", "a kind that we have no statement for"),
    ("Postgres", "", BY_HAND, "Segment shows no name"),
    ("Postgres", "a\nb", BY_HAND, "no name has a line break"),
]


@pytest.mark.parametrize(("kind", "username", "says", "because"), STATEMENTS)
def test_the_statement_fits_the_kind_and_the_name(kind: str, username: str, says: str, because: str) -> None:
    assert drop_login(kind, username) == says, because


def test_a_service_account_loses_its_key_and_the_shell_sees_one_word() -> None:
    says = drop_login("BigQuery", "x; rm -rf ~")
    command = says.removeprefix("find the old key with ").split(" and delete")[0]
    assert shlex.split(command)[-1] == "--iam-account=x; rm -rf ~"
