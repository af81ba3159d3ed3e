"""What Segment's Public API tells us, as frozen values. Names follow Segment's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from offboarding.gateways.exchange import Exchange

__all__ = [
    "Audience",
    "AuditEvent",
    "ComputedTrait",
    "ConnectionState",
    "Consumers",
    "Credential",
    "Destination",
    "Exchange",
    "Function",
    "Group",
    "Label",
    "Member",
    "Permission",
    "Point",
    "Resource",
    "Role",
    "Source",
    "SourceVolume",
    "Space",
    "TrackingPlan",
    "Volume",
    "Warehouse",
    "Workspace",
]


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person in the workspace. `name` may be empty. `id` is the key: people can change their e-mail."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True, order=True)
class Label:
    key: str
    value: str


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """What a role is limited to: `type` is WORKSPACE, SOURCE, SPACE, FUNCTION, WAREHOUSE, or a new one."""

    id: str
    type: str
    labels: tuple[Label, ...] = ()

    def as_input(self) -> dict[str, Any]:
        labels = [{"key": label.key, "value": label.value} for label in self.labels]
        return {"id": self.id, "type": self.type} | ({"labels": labels} if labels else {})


@dataclass(frozen=True, slots=True)
class Permission:
    """One role on some resources. Resources are sorted, so that equal grants are equal values.

    `as_came` is empty for a permission that was understood. Otherwise it is the JSON text that came: a
    permission that we do not know is shown and written back as it was, never dropped.
    """

    role_id: str
    role_name: str
    resources: tuple[Resource, ...] = ()
    as_came: str = ""

    def as_input(self) -> dict[str, Any]:
        """The shape that Segment takes: without `roleName` (Public API, PermissionInputV1)."""
        if self.as_came:
            came = json.loads(self.as_came)
            return {name: value for name, value in came.items() if name != "roleName"}
        return {"roleId": self.role_id, "resources": [resource.as_input() for resource in self.resources]}


@dataclass(frozen=True, slots=True)
class Group:
    """A user group. `member_count` is None where Segment leaves it out (the groups of one member)."""

    id: str
    name: str
    member_count: int | None = None


@dataclass(frozen=True, slots=True)
class Role:
    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source. Its write keys are fingerprints only; `enabled` is None where Segment does not say.

    A `cloud` source fetches by itself and has no write key (Segment: Locate your Write Key).
    """

    id: str
    name: str
    slug: str
    enabled: bool | None
    key_fingerprints: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    cloud: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    id: str
    name: str
    enabled: bool | None
    source_id: str


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse. `username` is the login at the database; `metadata_id` names its kind, `kind` says it in words.

    `settings` are what Segment gives back: without secrets, or with masked ones. `options` name what can be set.
    """

    id: str
    name: str
    enabled: bool | None
    username: str
    metadata_id: str = ""
    kind: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored warehouse login. `kind` is Segment's `settings.type`, such as Snowflake; secrets are masked."""

    id: str
    name: str
    kind: str
    username: str = ""
    updated_at: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Consumers:
    """What uses a credential."""

    warehouses: tuple[Warehouse, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `kind` is SOURCE, DESTINATION, INSERT_SOURCE and so on; `created_by` a user id."""

    id: str
    name: str
    kind: str
    created_by: str


@dataclass(frozen=True, slots=True)
class Space:
    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience. `created_by` and `updated_by` are user ids."""

    id: str
    name: str
    space_id: str
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class ComputedTrait:
    """A computed trait. `created_by` and `updated_by` are user ids."""

    id: str
    name: str
    space_id: str
    created_by: str
    updated_by: str


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    id: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit trail. `type` is an open set of phrases. `actor_email` is empty for tokens.

    `at` is the ISO 8601 text as it came.
    """

    id: str
    at: str
    type: str
    actor: str
    actor_email: str
    resource_id: str
    resource_type: str
    resource_name: str

    @property
    def moment(self) -> datetime | None:
        """`at` as a point in time, or None when it is no time."""
        try:
            moment = datetime.fromisoformat(self.at)
        except ValueError:
            return None
        return moment if moment.tzinfo else None


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """How many events arrived in the stretch that begins at `time` (ISO 8601)."""

    time: str
    count: int


@dataclass(frozen=True, slots=True)
class Volume:
    """Events that arrived: all together, and along the time."""

    total: int
    series: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class SourceVolume:
    """Events that arrived from one source: all together, and along the time."""

    source_id: str
    name: str
    total: int
    series: tuple[Point, ...]


class ConnectionState(StrEnum):
    """Whether Segment can reach a warehouse. UNKNOWN: Segment used a word that we do not know."""

    CONNECTED = "CONNECTED"
    FAILED = "FAILED"
    NOT_CONNECTED = "NOT_CONNECTED"
    UNKNOWN = "UNKNOWN"
