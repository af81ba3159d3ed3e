"""SegmentGateway: what the rest of the house may ask of one workspace.

Each method is one sentence of the protocol. Lists that can be long are iterators that ask for a page when it
is needed and raise in the middle; all others are tuples. Nothing here sleeps, retries or keeps a secret.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from offboarding.gateways.segment import protocol
from offboarding.gateways.segment.caller import Caller
from offboarding.gateways.segment.errors import Declined, Doubtful, NotThere
from offboarding.gateways.segment.protocol.audit import Granularity
from offboarding.gateways.segment.types import (
    Audience,
    AuditEvent,
    ComputedTrait,
    ConnectionState,
    Consumers,
    Credential,
    Destination,
    Exchange,
    Function,
    Group,
    Label,
    Member,
    Permission,
    Role,
    Source,
    SourceVolume,
    Space,
    TrackingPlan,
    Volume,
    Warehouse,
    Workspace,
)
from offboarding.lib.masking import mask_body


class AccessCalls(Caller):
    """Workspace, members, invitations, user groups, roles."""

    def workspace(self) -> Workspace:
        """The workspace of the token. A refusal here is always TokenRefused."""
        return self.ask(protocol.workspace())

    def echo(self, message: str) -> str:
        return self.ask(protocol.echo(message))

    def members(self) -> Iterator[Member]:
        """All members, 200 a request. Roles are not in the list: `member(id)` has them."""
        return self.every(protocol.members)

    def member(self, user_id: str) -> tuple[Member, tuple[Permission, ...]]:
        """One member with the permissions held directly, not through groups. Raises NotThere."""
        return self.ask(protocol.member(user_id))

    def groups_of(self, user_id: str) -> tuple[Group, ...]:
        return self.all(lambda cursor: protocol.groups_of(user_id, cursor))

    def groups(self) -> tuple[Group, ...]:
        """Raises Declined of kind `no-such-feature` where the plan has no user groups."""
        return self.all(protocol.groups)

    def group(self, group_id: str) -> tuple[Group, tuple[Permission, ...]]:
        return self.ask(protocol.group(group_id))

    def group_members(self, group_id: str) -> tuple[Member, ...]:
        return self.all(lambda cursor: protocol.group_members(group_id, cursor))

    def group_invites(self, group_id: str) -> tuple[str, ...]:
        """Addresses of invited people who will be in the group."""
        return self.all(lambda cursor: protocol.group_invites(group_id, cursor))

    def invites(self) -> Iterator[str]:
        """Addresses as Segment lists them; an accepted invitation may still be among them."""
        return self.every(protocol.invites)

    def roles(self) -> tuple[Role, ...]:
        return self.all(protocol.roles)

    def remove_member(self, user_id: str) -> None:
        """Take one person out of this workspace. That the call was accepted proves nothing: read again."""
        self.ask(protocol.remove_member(user_id))

    def cancel_invitation(self, email: str) -> None:
        """`email` exactly as listed."""
        self.ask(protocol.cancel_invitation(email))

    def remove_from_group(self, group_id: str, email: str) -> None:
        """By the documented singular path; by the plural one only when the first is not there (404)."""
        try:
            self.ask(protocol.remove_from_group(group_id, email))
        except NotThere:
            self.ask(protocol.remove_from_group(group_id, email, plural=True))

    def add_to_group(self, group_id: str, email: str) -> None:
        """Put one member, or one invited person, into a group. Anybody else is Declined."""
        self.ask(protocol.add_to_group(group_id, email))

    def replace_permissions(self, user_id: str, permissions: Iterable[Permission]) -> tuple[Permission, ...]:
        """Exactly these and no others. At least one: what an empty list does is not documented."""
        return self.ask(protocol.replace_permissions(user_id, permissions))

    def add_permissions(self, user_id: str, permissions: Iterable[Permission]) -> tuple[Permission, ...]:
        return self.ask(protocol.add_permissions(user_id, permissions))

    def invite(self, email: str, permissions: Iterable[Permission]) -> tuple[str, ...]:
        """Raises Declined of kind `already-invited` for a member or an invited address."""
        return self.ask(protocol.invite(email, permissions))


@dataclass(frozen=True, slots=True, repr=False)
class KeyRemoval:
    """The removal of one write key, ready to be made: its masked call, and what makes it. The key stays inside."""

    request: Exchange
    make: Callable[[], None]


class ConfigurationCalls(Caller):
    """Sources and keys, destinations, warehouses, credentials, and what people build."""

    def sources(self) -> tuple[Source, ...]:
        return self.all(lambda cursor: protocol.sources(self._fingerprint, cursor))

    def source(self, source_id: str) -> Source:
        return self.ask(protocol.source(source_id, self._fingerprint))

    def destinations(self) -> tuple[Destination, ...]:
        """Of the whole workspace; each names its source."""
        return self.all(protocol.destinations)

    def connected_destinations(self, source_id: str) -> tuple[Destination, ...]:
        return self.all(lambda cursor: protocol.connected_destinations(source_id, cursor))

    def connected_warehouses(self, source_id: str) -> tuple[Warehouse, ...]:
        return self.all(lambda cursor: protocol.connected_warehouses(source_id, cursor))

    def add_write_key(self, source_id: str) -> tuple[Source, dict[str, str]]:
        """Add one key; the others stay valid. Not idempotent: after Doubtful, look before adding again.

        The dict has all keys of the source in plain, by fingerprint. The new one is *after minus before*, its
        place in the list says nothing.
        """
        return self.ask(protocol.add_write_key(source_id, self._fingerprint))

    def write_key(self, source_id: str, key_fingerprint: str) -> str:
        """The plain value of one key, read now. Raises NotThere when the source has no such key, or hides it."""
        return self._keys_with(source_id, key_fingerprint)[key_fingerprint]

    def key_removal(self, source_id: str, key_fingerprint: str) -> KeyRemoval:
        """Ready to remove one key, named by its fingerprint. Raises NotThere, and Declined for the last key."""
        keys = self._keys_with(source_id, key_fingerprint)
        if len(keys) < 2:
            raise Declined("This is the last write key of the source, so it stays.", kind="in-use")
        key = keys[key_fingerprint]
        request = self.preview(protocol.remove_write_key(source_id, key))
        return KeyRemoval(request, lambda: self.remove_write_key(source_id, key))

    def _keys_with(self, source_id: str, key_fingerprint: str) -> dict[str, str]:
        keys = self.ask(protocol.write_keys(source_id, self._fingerprint))
        if key_fingerprint not in keys:
            raise NotThere(f"The source has no key {key_fingerprint}.")
        return keys

    def remove_write_key(self, source_id: str, key: str) -> None:
        self.ask(protocol.remove_write_key(source_id, key))

    def warehouses(self) -> tuple[Warehouse, ...]:
        return self.all(protocol.warehouses)

    def warehouse(self, warehouse_id: str) -> Warehouse:
        return self.ask(protocol.warehouse(warehouse_id))

    def warehouse_sources(self, warehouse_id: str) -> tuple[Source, ...]:
        """The sources that feed it."""
        return self.all(lambda cursor: protocol.warehouse_sources(warehouse_id, self._fingerprint, cursor))

    def validate_warehouse(
        self, metadata_id: str, settings: Mapping[str, Any], secrets: Iterable[str] = ()
    ) -> ConnectionState:
        """Try settings without saving them. `secrets` are those among them that no record may show."""
        return self.ask(protocol.validate_warehouse(metadata_id, settings, secrets))

    def update_warehouse(
        self, warehouse_id: str, settings: Mapping[str, Any], secrets: Iterable[str] = ()
    ) -> Warehouse:
        """Merge these settings in. ValueError for a value that Segment masked: it would overwrite."""
        return self.ask(protocol.update_warehouse(warehouse_id, settings, secrets))

    def connection_state(self, warehouse_id: str) -> ConnectionState:
        return self.ask(protocol.connection_state(warehouse_id))

    def credentials(self) -> tuple[Credential, ...]:
        return self.all(protocol.credentials)

    def credential(self, credential_id: str) -> Credential:
        return self.ask(protocol.credential(credential_id))

    def update_credential(
        self, credential_id: str, settings: Mapping[str, Any], secrets: Iterable[str] = ()
    ) -> Credential:
        """Change these settings for everything that uses the credential. ValueError for a masked value."""
        return self.ask(protocol.update_credential(credential_id, settings, secrets))

    def consumers(self, credential_id: str) -> Consumers:
        """Everything that uses the credential. The two lists end independently: each is read on its own."""
        return Consumers(
            self.all(lambda cursor: protocol.consuming_warehouses(credential_id, cursor)),
            self.all(lambda cursor: protocol.consuming_sources(credential_id, self._fingerprint, cursor)),
        )

    def functions(self, resource_type: str) -> tuple[Function, ...]:
        """Functions of one `resourceType`, such as SOURCE, DESTINATION or INSERT_SOURCE."""
        return self.all(lambda cursor: protocol.functions(resource_type, cursor))

    def spaces(self) -> tuple[Space, ...]:
        return self.all(protocol.spaces)

    def audiences(self, space_id: str) -> tuple[Audience, ...]:
        return self.all(lambda cursor: protocol.audiences(space_id, cursor))

    def computed_traits(self, space_id: str) -> tuple[ComputedTrait, ...]:
        return self.all(lambda cursor: protocol.computed_traits(space_id, cursor))

    def tracking_plans(self) -> tuple[TrackingPlan, ...]:
        return self.all(protocol.tracking_plans)

    def labels(self) -> tuple[Label, ...]:
        return self.ask(protocol.labels())


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Events, each with what came, masked. `next` is None on the last page."""

    items: tuple[tuple[AuditEvent, Mapping[str, Any]], ...]
    next: str | None


class TrailCalls(Caller):
    """The audit trail and the events that arrive."""

    def audit_events(
        self,
        start: datetime,
        end: datetime | None = None,
        resource_id: str | None = None,
        resource_type: str | None = None,
    ) -> Iterator[AuditEvent]:
        """Events from `start` on, at most 90 days back. Times carry a zone. There is no filter by person."""
        return self.every(lambda at: protocol.audit_events(start, end, resource_id, resource_type, at))

    def audit_page(self, start: datetime, end: datetime, cursor: str | None = None) -> AuditPage:
        """One page of the trail, for a copy that is kept: who copies holds the cursor and can go on after any page.

        Raises Doubtful when the page leads back to itself: it would never end.
        """
        found = self.ask(protocol.audit_page(start, end, cursor))
        if found.next is not None and found.next in (cursor, found.current):
            raise Doubtful("Segment could not be read: the list repeats itself.", exchange=self._last)
        return AuditPage(tuple((event, self._hidden(raw)) for event, raw in found.items), found.next)

    def audit_copies(self, start: datetime, end: datetime) -> Iterator[tuple[AuditEvent, Mapping[str, Any]]]:
        """All events of this time, each with what came, masked."""
        for event, raw in self.every(lambda at: protocol.audit_page(start, end, at)):
            yield event, self._hidden(raw)

    def _hidden(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        masked: Mapping[str, Any] = mask_body(raw, secrets=(self._token,), fingerprint=self._fingerprint)
        return masked

    def events_volume(
        self,
        granularity: Granularity,
        start: datetime,
        end: datetime,
        *,
        source_ids: Iterable[str] = (),
        event_names: Iterable[str] = (),
        event_types: Iterable[str] = (),
        app_versions: Iterable[str] = (),
    ) -> Volume:
        """How many events arrived, all rows added up. `granularity` is DAY, HOUR or MINUTE."""
        narrowed = {
            "source_ids": tuple(source_ids),
            "event_names": tuple(event_names),
            "event_types": tuple(event_types),
            "app_versions": tuple(app_versions),
        }
        rows = self.every(lambda at: protocol.events_volume(granularity, start, end, cursor=at, **narrowed))
        return protocol.summed(rows)

    def volume_by_source(
        self, granularity: Granularity, start: datetime, end: datetime
    ) -> tuple[SourceVolume, ...]:
        """How many events arrived from each source. A source without events may be missing."""
        return self.all(lambda at: protocol.volume_by_source(granularity, start, end, at))

    def delivered(
        self, source_id: str, destination_id: str, granularity: Granularity, start: datetime, end: datetime
    ) -> int:
        """How many events a destination took. Beta: NotThere or NotAllowed where the workspace has no such view."""
        return self.ask(protocol.delivered(source_id, destination_id, granularity, start, end))


class SegmentGateway(AccessCalls, ConfigurationCalls, TrailCalls):
    """One workspace, through one token. A context manager; `close` gives the connections back.

    Every method raises GatewayError and nothing else for what happens at the other end.
    ValueError means that the call was wrong and never sent. One thread uses one gateway at a time.
    """
