"""Warehouses and stored warehouse logins (Public API, Warehouses, Credentials)."""

from collections.abc import Iterable, Mapping

from offboarding.gateways.segment.protocol.reading import Json, Page, fields, flag, may, must, optional, page
from offboarding.gateways.segment.protocol.request import Request, page_of, path, query, unmasked_settings
from offboarding.gateways.segment.protocol.sources import read_source
from offboarding.gateways.segment.types import ConnectionState, Credential, Source, Warehouse
from offboarding.lib.masking import Fingerprint


def warehouses(cursor: str | None = None) -> Request[Page[Warehouse]]:
    return Request(
        "GET",
        "/warehouses",
        lambda data: page(data, "warehouses", read_warehouse),
        query=query(*page_of(cursor)),
    )


def warehouse(warehouse_id: str) -> Request[Warehouse]:
    return Request(
        "GET", path("warehouses", warehouse_id), lambda data: read_warehouse(data.get("warehouse"))
    )


def connected_warehouses(source_id: str, cursor: str | None = None) -> Request[Page[Warehouse]]:
    return Request(
        "GET",
        path("sources", source_id, "connected-warehouses"),
        lambda data: page(data, "warehouses", read_warehouse),
        query=query(*page_of(cursor)),
    )


def warehouse_sources(
    warehouse_id: str, fingerprint: Fingerprint, cursor: str | None = None
) -> Request[Page[Source]]:
    return Request(
        "GET",
        path("warehouses", warehouse_id, "connected-sources"),
        lambda data: page(data, "sources", lambda value: read_source(value, fingerprint)),
        query=query(*page_of(cursor)),
    )


def validate_warehouse(
    metadata_id: str, settings: Mapping[str, Json], secrets: Iterable[str] = ()
) -> Request[ConnectionState]:
    """Tests settings before they are saved; changes nothing."""
    return Request(
        "POST",
        "/warehouses/validation",
        lambda data: _state(must(data, "status")),
        body={"metadataId": metadata_id, "settings": unmasked_settings(settings)},
        secrets=tuple(secrets),
    )


def update_warehouse(
    warehouse_id: str, settings: Mapping[str, Json], secrets: Iterable[str] = ()
) -> Request[Warehouse]:
    """Settings are merged key by key; None removes a key."""
    return Request(
        "PATCH",
        path("warehouses", warehouse_id),
        lambda data: read_warehouse(data.get("warehouse")),
        body={"settings": unmasked_settings(settings)},
        secrets=tuple(secrets),
    )


def connection_state(warehouse_id: str) -> Request[ConnectionState]:
    return Request(
        "GET",
        path("warehouses", warehouse_id, "connection-state"),
        lambda data: _state(must(data, "connectionState")),
        limit_class="connection-state",
    )


def credentials(cursor: str | None = None) -> Request[Page[Credential]]:
    return Request(
        "GET",
        "/credentials",
        lambda data: page(data, "credentials", _credential),
        query=query(*page_of(cursor)),
    )


def credential(credential_id: str) -> Request[Credential]:
    return Request(
        "GET", path("credentials", credential_id), lambda data: _credential(data.get("credential"))
    )


def update_credential(
    credential_id: str, settings: Mapping[str, Json], secrets: Iterable[str] = ()
) -> Request[Credential]:
    """Reaches everything that uses it at once. The type cannot change (Public API, Update Credential)."""
    return Request(
        "PATCH",
        path("credentials", credential_id),
        lambda data: _credential(data.get("credential")),
        body={"settings": unmasked_settings(settings)},
        secrets=tuple(secrets),
    )


def consuming_warehouses(credential_id: str, cursor: str | None = None) -> Request[Page[Warehouse]]:
    """The answer holds sources too, with a cursor of their own: only the warehouses are read here."""
    return Request(
        "GET",
        path("credentials", credential_id, "consumers"),
        lambda data: page(data, "warehouses", read_warehouse, "warehousesPagination"),
        query=query(*page_of(cursor, name="warehousesPagination"), *page_of(None, 1, "sourcesPagination")),
    )


def consuming_sources(
    credential_id: str, fingerprint: Fingerprint, cursor: str | None = None
) -> Request[Page[Source]]:
    return Request(
        "GET",
        path("credentials", credential_id, "consumers"),
        lambda data: page(
            data, "sources", lambda value: read_source(value, fingerprint), "sourcesPagination"
        ),
        query=query(*page_of(None, 1, "warehousesPagination"), *page_of(cursor, name="sourcesPagination")),
    )


def read_warehouse(value: Json) -> Warehouse:
    """The name comes inside `settings` (Terraform provider of Segment, warehouse model)."""
    found = fields(value, "a warehouse")
    settings, metadata = optional(found, "settings"), optional(found, "metadata")
    name = may(found, "name") or may(settings, "name") or may(metadata, "name")
    user = may(settings, "username") or may(settings, "user")
    offered = metadata.get("options")
    options = tuple(may(each, "name") for each in offered or () if isinstance(each, dict))
    return Warehouse(
        id=must(found, "id"),
        name=name,
        enabled=flag(found, "enabled"),
        username=user,
        metadata_id=may(metadata, "id"),
        kind=may(metadata, "name") or may(metadata, "slug"),
        settings=settings,
        options=tuple(each for each in options if each),
    )


def _state(word: str) -> ConnectionState:
    return ConnectionState(word) if word in ConnectionState.__members__ else ConnectionState.UNKNOWN


def _credential(value: Json) -> Credential:
    found = fields(value, "a credential")
    settings = optional(found, "settings")
    return Credential(
        id=must(found, "id"),
        name=may(found, "name"),
        kind=may(settings, "type"),
        username=may(settings, "username"),
        updated_at=may(found, "updatedAt"),
        settings=settings,
    )
