"""What tests and the invariant checker may ask and do behind the API's back. In process: call the methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from offboarding.simulators.clock import Clock, parse_iso
from offboarding.simulators.journal import Journal
from offboarding.simulators.segment import effects, invites, users
from offboarding.simulators.segment.call import Call
from offboarding.simulators.segment.roles import Granting
from offboarding.simulators.segment.workspace import Workspace, person_actor
from offboarding.simulators.segment.world import World

Json = dict[str, Any]
PARTS = (
    "members",
    "owners",
    "invites",
    "groups",
    "keys",
    "warehouses",
    "credentials",
    "tokens",
    "audit",
    "due",
)


@dataclass
class Control:
    """A workspace is named by slug or id. Raises KeyError for one that does not exist."""

    world: World
    clock: Clock
    journal: Journal

    # what there is

    def workspaces(self) -> list[Json]:
        """Every workspace in brief, with its token."""
        return [brief(workspace) for workspace in self.world.workspaces]

    def state(self, ref: str, parts: tuple[str, ...] = PARTS) -> Json:
        """What the workspace holds now, after everything that has become due."""
        workspace = self._settled(ref)
        with workspace.lock:
            return {
                **brief(workspace),
                "settings": workspace.settings,
                **{p: PART_VIEWS[p](workspace) for p in parts},
            }

    def person(self, ref: str, email: str) -> Json:
        """Where the address stands: {"member": … or None, "invited": bool, "groups": [names]}."""
        workspace = self._settled(ref)
        with workspace.lock:
            row = workspace.members.by_email(email)
            groups = [group["name"] for group in workspace.groups_of(row["id"])] if row else []
            return {
                "member": row,
                "invited": bool(workspace.tables["invites"].by_email(email)),
                "groups": groups,
            }

    # what people do without us

    def put_member(self, ref: str, entry: Json) -> Json:
        """Puts somebody in, or back: {"email", "name"?, "permissions"? (short form), "groups"? (names)}."""
        call = self._call(ref)
        workspace = call.workspace
        with workspace.lock:
            granted = Granting(workspace.id, workspace.resolve).expand(entry.get("permissions", []))
            row = effects.put_member(call, {**entry, "permissions": granted}, effects.SYSTEM)
            for name in entry.get("groups", []):
                workspace.group_members(workspace.resolve("groups", name)).put({"id": row["id"]})
            return row

    def take_member(self, ref: str, email: str) -> bool:
        """Another owner removes somebody in the app. False if there was nobody."""
        call = self._by_a_person(ref, but_not=email)
        with call.workspace.lock:
            row = call.workspace.members.by_email(email)
            if row:
                users.take_out(call, row["id"])
            return bool(row)

    def set_permissions(self, ref: str, email: str, permissions: list[Any]) -> Json:
        """Another owner changes somebody's permissions in the app."""
        call = self._by_a_person(ref)
        workspace = call.workspace
        with workspace.lock:
            row = workspace.members.by_email(email)
            if row is None:
                raise KeyError(email)
            row = {**row, "permissions": Granting(workspace.id, workspace.resolve).expand(permissions)}
            workspace.members.put(row)
            call.record("User Policy Updated", "user", row["id"], row["email"])
            return row

    def put_invite(self, ref: str, email: str) -> None:
        workspace = self._settled(ref)
        with workspace.lock:
            granted = Granting(workspace.id, workspace.resolve).expand(["Minimal Workspace Access"])
            workspace.tables["invites"].put({"email": email, "permissions": granted})

    def drop_invite(self, ref: str, email: str) -> bool:
        """Another owner cancels an invitation in the app. False if there was none."""
        call = self._by_a_person(ref)
        with call.workspace.lock:
            row = call.rows("invites").by_email(email)
            if row:
                invites.take_out(call, row["email"])
            return bool(row)

    def accept_invite(self, ref: str, email: str, *, keep_listed: bool = False) -> Json:
        """The invited person joins, with what the invitation grants and its groups; the address may stay listed."""
        call = self._call(ref)
        with call.workspace.lock:
            invite = call.rows("invites").by_email(email)
            if invite is None or not invites.valid_address(email):
                raise KeyError(email)
            if not keep_listed:
                call.rows("invites").remove(invite["email"])
            row = effects.put_member(call, invite, effects.SYSTEM)
            effects.join_groups(call, row)
            call.actor = person_actor(row)
            call.record("User Invite Accepted", "user", row["id"], row["email"])
            return row

    def sign_in(self, ref: str, email: str) -> bool:
        """Signs in through the workspace's provider; just-in-time provisioning makes a stranger a member."""
        call = self._call(ref)
        scim = call.workspace.settings["scim"]
        with call.workspace.lock:
            if scim["jit"] and users.is_assigned(scim, email):
                effects.put_member(call, {"email": email}, effects.SYSTEM)
            return call.workspace.members.by_email(email) is not None

    def assign(self, ref: str, email: str, assigned: bool = True) -> list[str]:
        """Assigns or unassigns the address at the workspace's provider."""
        workspace = self._settled(ref)
        with workspace.lock:
            rest = [one for one in workspace.settings["scim"]["assigned"] if one.lower() != email.lower()]
            workspace.settings["scim"]["assigned"] = [*rest, email] if assigned else rest
            return list(workspace.settings["scim"]["assigned"])

    def make_token(self, ref: str, level: str = "owner") -> Json:
        """An owner makes a token: {"token", "short_id"}. Where tokens were refused, the new one works."""
        if level not in ("owner", "member"):
            raise ValueError("level is owner or member")
        workspace = self.world.workspace(ref)
        with workspace.lock:
            token = workspace.make_token(level)
            self.world.learn_tokens()
        return {"token": token.value, "short_id": token.short_id}

    def remove_token(self, ref: str, short_id: str) -> Json:
        """An owner removes a token: {"short_id"}. It is refused at once."""
        workspace = self.world.workspace(ref)
        with workspace.lock:
            workspace.remove_token(short_id)
            self.world.learn_tokens()
        return {"short_id": short_id}

    # how the world behaves

    def change(self, ref: str, settings: Json) -> Json:
        """Changes settings: plan, features, answers, scim, audit_delay, token_refused. Objects are merged."""
        workspace = self.world.workspace(ref)
        with workspace.lock:
            for name, value in settings.items():
                if name not in workspace.settings:
                    raise ValueError(f"no such setting: {name}")
                old = workspace.settings[name]
                workspace.settings[name] = {**old, **value} if isinstance(old, dict) else value
            return workspace.settings

    def break_volume(self, ref: str, source: str, factor: float, since: str | None = None) -> None:
        """Multiplies the event numbers of a source by `factor` from `since` (ISO 8601; left out: always)."""
        workspace = self.world.workspace(ref)
        entry = {"source": workspace.resolve("sources", source), "factor": factor}
        with workspace.lock:
            workspace.settings["volume"].append({**entry, "since": parse_iso(since) if since else 0.0})

    def add_trouble(self, rule: Json) -> str:
        """Adds a rule (see `trouble`) and returns its key."""
        return self.world.trouble.add(rule)

    def clear_trouble(self, key: str | None = None) -> None:
        self.world.trouble.clear(key)

    def set_limits(self, per_minute: dict[str, int]) -> None:
        """Changes rate limits by class, per minute; 0 means none. Fills every bucket."""
        self.world.limits.set(per_minute)

    def set_clock(self, offset: float) -> float:
        """Moves the simulator's time to the machine's plus `offset` seconds; returns its now."""
        self.clock.offset = offset
        return self.clock.now()

    def reset(self) -> None:
        """The world as it was made, with an empty log and no offset."""
        self.clock.offset = 0.0
        self.world.build(self.clock.now())
        self.journal.clear()

    def put_back(self, saved: Json) -> None:
        """The world as `world.dump()` gave it, with an empty log: for trying one thing many times."""
        self.world.restore(saved)
        self.journal.clear()

    def _settled(self, ref: str) -> Workspace:
        workspace = self.world.workspace(ref)
        with workspace.lock:
            effects.settle(workspace, self.clock.now(), self.world.has_account)
        return workspace

    def _call(self, ref: str) -> Call:
        workspace = self._settled(ref)
        token = next(iter(workspace.tokens.values()))
        return Call(workspace, token, self.clock.now(), has_account=self.world.has_account)

    def _by_a_person(self, ref: str, but_not: str = "") -> Call:
        """A call whose actor is an owner of the workspace, if there is another than `but_not`."""
        call = self._call(ref)
        rows = (call.workspace.members.get(key) for key in sorted(call.workspace.owners()))
        owners = [row for row in rows if row and row["email"] != but_not]
        call.actor = person_actor(owners[0]) if owners else effects.SYSTEM
        return call


def brief(workspace: Workspace) -> Json:
    """As in the `--describe` file."""
    token = workspace.tokens.get("owner") or next(iter(workspace.tokens.values()))
    return {
        "id": workspace.id,
        "slug": workspace.slug,
        "name": workspace.name,
        "client": workspace.client,
        "environment": workspace.environment,
        "region": workspace.region,
        "plan": workspace.settings["plan"],
        "features": workspace.settings["features"],
        "token": token.value,
        "token_short_id": token.short_id,
        "tokens": {level: one.value for level, one in workspace.tokens.items()},
    }


def owners_of(workspace: Workspace) -> list[str]:
    """Addresses of everybody who is Workspace Owner, directly or through a group."""
    rows = (workspace.members.get(key) for key in workspace.owners())
    return sorted(row["email"] for row in rows if row)


def group_view(workspace: Workspace, group: Json) -> Json:
    rows = (workspace.members.get(row["id"]) for row in workspace.group_members(group["id"]))
    members = [row["email"] for row in rows if row]
    return {**group, "members": members, "invites": group["_invites"]}


PART_VIEWS: dict[str, Callable[[Workspace], Any]] = {
    "members": lambda workspace: list(workspace.members),
    "owners": lambda workspace: owners_of(workspace),
    "invites": lambda workspace: list(workspace.tables["invites"]),
    "groups": lambda workspace: [group_view(workspace, group) for group in workspace.tables["groups"]],
    "keys": lambda workspace: {row["id"]: row["writeKeys"] for row in workspace.tables["sources"]},
    "warehouses": lambda workspace: list(workspace.tables["warehouses"]),
    "credentials": lambda workspace: list(workspace.tables["credentials"]),
    "tokens": lambda workspace: [
        {"short_id": one.short_id, "level": one.level, "ends": one.value[-3:]}
        for one in workspace.live_tokens()
    ],
    "audit": lambda workspace: list(workspace.audit.recorded),
    "due": lambda workspace: list(workspace.due),
}
