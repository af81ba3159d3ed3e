"""What a person runs at a database to end a login. Pure; names are quoted, never pasted."""

from __future__ import annotations

import re
import shlex

# Unquoted, Snowflake takes a name in any case; quoted, only in its own. Segment may show another case than the database.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")
BY_HAND = "drop the old user at the database."


def drop_login(kind: str, username: str) -> str:
    """The statement for a kind of warehouse, as Segment names it. Without a name that is safe to quote: in words."""
    if not username or not username.isprintable():
        return BY_HAND
    makers = ((word, make) for word, make in MAKERS.items() if word in kind.lower())
    return next((make(username) for _, make in makers), f"drop the user {username} at the database.")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def postgres(name: str) -> str:
    return f"run DROP ROLE {quoted(name)};"


def redshift(name: str) -> str:
    return f"run DROP USER {quoted(name)};"


def snowflake(name: str) -> str:
    return f"run DROP USER {name if PLAIN.fullmatch(name) else quoted(name)};"


def bigquery(account: str) -> str:
    """A service account stays; its old key goes."""
    about = f"--iam-account={shlex.quote(account)}"
    keys = "gcloud iam service-accounts keys"
    return f"find the old key with {keys} list {about} and delete it with {keys} delete KEY_ID {about}"


MAKERS = {
    "redshift": redshift,
    "postgres": postgres,
    "snowflake": snowflake,
    "bigquery": bigquery,
}
