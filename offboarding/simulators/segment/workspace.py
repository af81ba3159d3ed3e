"""One workspace: its tables, its tokens, what it answers where nobody knows what Segment answers."""

import threading
from copy import deepcopy
from typing import Any

from offboarding.simulators import ids
from offboarding.simulators.clock import span
from offboarding.simulators.segment import roles
from offboarding.simulators.segment.audit import AuditTrail, History
from offboarding.simulators.segment.generated import EveryNth, GeneratedMembers
from offboarding.simulators.segment.rows import Json, ListBase, Rows
from offboarding.simulators.segment.settings import Token, made_token, settings_of, tokens_of
from offboarding.simulators.segment.shapes import Shapes, slug

# Table, and its fields that name another object of the workspace.
CATALOG: tuple[tuple[str, dict[str, str]], ...] = (
    ("sources", {}),
    ("destinations", {"source": "sources"}),
    ("credentials", {"sources": "sources"}),
    ("warehouses", {"sources": "sources", "credential": "credentials"}),
    ("functions", {}),
    ("spaces", {}),
    ("audiences", {"space": "spaces"}),
    ("traits", {"space": "spaces"}),
    ("tracking_plans", {"sources": "sources"}),
    ("transformations", {"source": "sources"}),
    ("filters", {"destination": "destinations"}),
    ("models", {"source": "sources"}),
    ("profiles_warehouses", {"space": "spaces"}),
)
AUDITED = {  # resource type of an audit event, and the table that its resources stand in
    "source": "sources",
    "destination": "destinations",
    "destination_filter": "filters",
    "tracking_plan": "tracking_plans",
    "warehouse": "warehouses",
    "audience": "audiences",
    "function": "functions",
}


CONTENTS = ("tables", "memberships", "audit", "_granting", "_members_base")


class Workspace:
    """Everything that one token reaches. Hold `lock` while reading or changing."""

    tables: dict[str, Rows]
    memberships: dict[str, Rows]
    audit: AuditTrail
    _granting: roles.Granting
    _members_base: ListBase | GeneratedMembers

    def __init__(self, spec: Json, epoch: float) -> None:
        self.slug: str = spec.get("slug") or slug(spec["name"])
        self.id: str = spec.get("id") or ids.derived(ids.ID_LENGTH, "workspace", self.slug)
        self.name: str = spec["name"]
        self.client: str = spec.get("client", "")
        self.environment: str = spec.get("environment", "Production")
        self.region: str = spec.get("region", "US")
        self.lock, self.making = threading.RLock(), threading.Lock()
        self.epoch = epoch
        self.settings = settings_of(spec)
        self.tokens = tokens_of(spec, self.id)
        self.made: list[Token] = []
        self.gone: list[str] = []  # values of tokens that were taken away
        self.counter = 0
        self.due: list[Json] = []
        self._spec = spec

    def __getattr__(self, name: str) -> Any:
        """What stands in the workspace is made when it is first asked for: of a world of many, few are looked into.

        Whole or not at all, as others may read meanwhile. Not under `lock`: who holds one workspace may ask all others.
        """
        if name not in CONTENTS:
            raise AttributeError(name)
        with self.making:
            if name not in vars(self):
                made = object.__new__(Workspace)
                vars(made).update(vars(self))
                made._build(Shapes(self.id, self.epoch))
                vars(self).update({each: vars(made)[each] for each in CONTENTS})
        return vars(self)[name]

    @property
    def roles(self) -> list[Json]:
        return roles.roles_of_plan(self.settings["plan"])

    @property
    def members(self) -> Rows:
        return self.tables["members"]

    def has(self, feature: str) -> bool:
        return feature in self.settings["features"]

    def resolve(self, kind: str, name: str) -> str:
        """The id of an object named by slug, name or id; `kind` may be singular."""
        table = kind if kind in self.tables else f"{kind}s"
        for row in self.tables[table]:
            if name in (row["id"], row.get("slug"), row.get("name"), row.get("displayName"), shown_name(row)):
                return str(row["id"])
        raise ValueError(f"{self.slug} has no {kind} {name!r}")

    def next_number(self) -> int:
        self.counter += 1
        return self.counter

    def live_tokens(self) -> list[Token]:
        """Every token that somebody may hold, oldest first."""
        return [one for one in (*self.tokens.values(), *self.made) if one.value not in self.gone]

    def make_token(self, level: str) -> Token:
        """One more. Where all were refused so far, they stay refused and this one works."""
        if self.settings["token_refused"]:
            self.gone += [one.value for one in self.live_tokens()]
            self.settings["token_refused"] = False
        token = made_token(self.id, level, len(self.made) + 1)
        self.made.append(token)
        return token

    def remove_token(self, short_id: str) -> Token:
        """From now on it is refused. Raises KeyError if there is none."""
        for token in self.live_tokens():
            if token.short_id == short_id:
                self.gone.append(token.value)
                return token
        raise KeyError(short_id)

    def group_members(self, group_id: str) -> Rows:
        if group_id not in self.memberships:
            self.memberships[group_id] = Rows.of([])
        return self.memberships[group_id]

    def groups_of(self, user_id: str) -> list[Json]:
        return [group for group in self.tables["groups"] if user_id in self.group_members(group["id"])]

    def owners(self) -> set[str]:
        """Ids of everybody who is Workspace Owner, directly or through a group."""
        direct = self.members.standing(self._base_owners()) + self.members.touched()
        found = {row["id"] for row in direct if roles.grants_owner(row["permissions"])}
        for group in self.tables["groups"]:
            if roles.grants_owner(group["permissions"]):
                found.update(row["id"] for row in self.group_members(group["id"]))
        return found

    def dump(self) -> Json:
        """All changes as plain data: for keeping, and for undoing what came after."""
        return {
            "settings": deepcopy(self.settings),
            "tables": {name: rows.dump() for name, rows in self.tables.items()},
            "memberships": {key: rows.dump() for key, rows in self.memberships.items()},
            "audit": list(self.audit.recorded),
            "due": list(self.due),
            "counter": self.counter,
            "made": [token.level for token in self.made],
            "gone": list(self.gone),
        }

    def restore(self, saved: Json) -> None:
        self.settings = saved["settings"]
        for name, rows in self.tables.items():
            rows.restore(saved["tables"].get(name, {}))
        for key in {*self.memberships, *saved["memberships"]}:
            self.group_members(key).restore(saved["memberships"].get(key, {}))
        self.audit.recorded = saved["audit"]
        self.due, self.counter = saved["due"], saved["counter"]
        self.made = [made_token(self.id, level, n) for n, level in enumerate(saved.get("made", []), start=1)]
        self.gone = list(saved.get("gone", []))

    def _build(self, shapes: Shapes) -> None:
        self.tables = {}
        for table, links in CATALOG:
            entries = [self._linked(entry, links) for entry in self._spec.get(table, [])]
            self.tables[table] = Rows.of([shapes.of(table)(entry) for entry in entries])
        self._granting = roles.Granting(self.id, self.resolve)
        self._members_base = self._make_members()
        self.tables["members"] = Rows(self._members_base)
        self.tables["invites"] = Rows.of(
            [self._invite(entry) for entry in self._spec.get("invites", [])], "email"
        )
        self.tables["labels"] = Rows.of(
            [{**e, "id": f"{e['key']}:{e['value']}"} for e in self._spec.get("labels", [])]
        )
        self._make_groups(shapes)
        self.audit = self._make_audit()

    def _linked(self, entry: Json, links: dict[str, str]) -> Json:
        out = dict(entry)
        for field, table in links.items():
            named = entry.get(field)
            if isinstance(named, list):
                out[field] = [self.resolve(table, name) for name in named]
            elif named:
                out[field] = self.resolve(table, named)
        return out

    def _member(self, entry: Json) -> Json:
        key = entry.get("id") or ids.account_id(entry["email"])
        granted = self._granting.expand(entry.get("permissions", [roles.MINIMAL]))
        return {"id": key, "name": entry.get("name", ""), "email": entry["email"], "permissions": granted}

    def _invite(self, entry: Any) -> Json:
        entry = {"email": entry} if isinstance(entry, str) else entry
        granted = self._granting.expand(entry.get("permissions", [roles.MINIMAL]))
        return {"email": entry["email"], "permissions": granted}

    def _make_members(self) -> ListBase | GeneratedMembers:
        spec = self._spec.get("members", [])
        if isinstance(spec, list):
            return ListBase([self._member(entry) for entry in spec])
        seats = {int(index): self._member(entry) for index, entry in spec.get("seats", {}).items()}
        return GeneratedMembers(self.id, spec["generate"], spec.get("domain", f"{self.slug}.example"), seats)

    def _base_owners(self) -> list[int]:
        base = self._members_base
        if isinstance(base, GeneratedMembers):
            return base.owners()
        return [index for index in range(len(base)) if roles.grants_owner(base.at(index)["permissions"])]

    def _make_groups(self, shapes: Shapes) -> None:
        self.memberships = {}
        groups = []
        for entry in self._spec.get("groups", []):
            key = shapes.key("groups", entry)
            granted = self._granting.expand(entry.get("permissions", [roles.MINIMAL]))
            groups.append(
                {
                    "id": key,
                    "name": entry["name"],
                    "permissions": granted,
                    "_invites": entry.get("invites", []),
                }
            )
            self.memberships[key] = self._membership(entry)
        self.tables["groups"] = Rows.of(groups)

    def _membership(self, entry: Json) -> Rows:
        every = entry.get("every")
        if every and isinstance(self._members_base, GeneratedMembers):
            return Rows(EveryNth(self._members_base, every["step"], every["offset"]))
        found = [self.members.by_email(email) for email in entry.get("members", [])]
        return Rows.of([{"id": row["id"]} for row in found if row])

    def _make_audit(self) -> AuditTrail:
        spec = self._spec.get("audit", {})
        scripted = [self._scripted(event) for event in spec.get("events", [])]
        people = [self._members_base.at(index) for index in range(min(12, len(self._members_base)))]
        actors = [person_actor(row) for row in people] + [
            token_actor(token) for token in self.tokens.values()
        ]
        things = {kind: [named(row) for row in self.tables[table]] for kind, table in AUDITED.items()}
        people_named = [{"resourceId": row["id"], "resourceName": row["email"]} for row in people]
        things |= {
            "user": people_named,
            "policy": people_named,
            "": [{"resourceId": self.id, "resourceName": self.name}],
        }
        history = History(f"audit {self.id}", self.epoch, float(spec.get("per_day", 0)), actors, things)
        return AuditTrail(history, scripted)

    def _scripted(self, event: Json) -> Json:
        at = self.epoch - span(event["ago"])
        member = self.members.by_email(event["by"])
        actor = person_actor(member) if member else {"actor": event["by"]}
        names = ("type", "resourceId", "resourceType", "resourceName")
        return {**{name: event.get(name, "") for name in names}, **actor, "at": at, "visible": at}


def named(row: Json) -> Json:
    name = row.get("name") or row.get("displayName") or shown_name(row) or ""
    return {"resourceId": row["id"], "resourceName": name}


def shown_name(row: Json) -> str | None:
    settings = row.get("settings")
    return settings.get("name") if isinstance(settings, dict) else None


def person_actor(row: Json) -> Json:
    return {"actor": f"users/{row['id']}", "actorEmail": row["email"]}


def token_actor(token: Token) -> Json:
    return {"actor": f"public-api-token/{token.short_id}"}
