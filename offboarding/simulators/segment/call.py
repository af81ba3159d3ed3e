"""One authorised call on one workspace, as the endpoints see it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from offboarding.simulators.segment.paging import read_page
from offboarding.simulators.segment.rows import Json, Rows, Where
from offboarding.simulators.segment.settings import Token
from offboarding.simulators.segment.wire import Query, invalid, not_found
from offboarding.simulators.segment.workspace import Workspace, token_actor

SUCCESS: Json = {"status": "SUCCESS"}


@dataclass
class Call:
    """`actor` is who the audit trail names; by default the token."""

    workspace: Workspace
    token: Token
    now: float
    params: dict[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=Query)
    body: Json = field(default_factory=dict)
    actor: Json | None = None
    has_account: Callable[[str], bool] = lambda email: False

    @property
    def full_access(self) -> bool:
        return self.token.level == "owner"

    def rows(self, table: str) -> Rows:
        return self.workspace.tables[table]

    def one(self, table: str, key: str | None = None) -> Json:
        """The record whose id stands in the path; 404 if there is none."""
        row = self.rows(table).get(key or self.params["id"])
        if row is None:
            raise not_found()
        return row

    def text(self, name: str) -> str:
        """A required text of the query."""
        value = self.query.texts.get(name, "")
        if not value:
            raise invalid(name, f"{name} is required")
        return value

    def given(self, name: str, kind: type) -> object:
        """A required value of the body."""
        value = self.body.get(name)
        if not isinstance(value, kind) or not value:
            raise invalid(name, f"{name} is required")
        return value

    def settings(self) -> Json:
        """The optional `settings` object of the body."""
        value = self.body.get("settings") or {}
        if not isinstance(value, dict):
            raise invalid("settings", "settings must be an object")
        return value

    def record(self, kind: str, resource_type: str, key: str, name: str) -> None:
        """Writes an audit event by this call's actor."""
        event = {"type": kind, "resourceType": resource_type, "resourceId": key, "resourceName": name}
        delay = self.workspace.settings["audit_delay"]
        self.workspace.audit.record({**event, **(self.actor or token_actor(self.token))}, self.now, delay)


def public(row: Json) -> Json:
    """A record without the simulator's own fields."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def listed(
    call: Call,
    key: str,
    rows: Rows,
    view: Callable[[Json], Json | str] = public,
    where: Where | None = None,
    *,
    page: str = "pagination",
    most: int = 1000,
    plain: bool = False,
) -> Json:
    """One page of `rows` under `key`, and its pagination under `page`."""
    wanted = read_page(call.query, page, most=most, plain=plain)
    found, following = rows.page(wanted.start, wanted.count, where)
    total = sum(map(where, rows)) if where else len(rows)
    return {key: [view(row) for row in found], page: wanted.answer(following, total)}


def listed_in_full(
    call: Call,
    key: str,
    records: Iterable[Json],
    view: Callable[[Json], Json | str] = public,
    page: str = "pagination",
) -> Json:
    """As `listed`, for a few records that were picked by hand."""
    return listed(call, key, Rows.of([{"id": str(n), "_row": row} for n, row in enumerate(records)]),
                  lambda wrapped: view(wrapped["_row"]), page=page)  # fmt: skip
