"""Warehouses and stored warehouse logins (Public API, Warehouses, Credentials)."""

from collections.abc import Mapping

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


def validate_warehouse(metadata_id: str, settings: Mapping[str, Json]) -> Request[ConnectionState]:
    """Tests settings before they are saved; changes nothing."""
    return Request(
        "POST",
        "/warehouses/validation",
        lambda data: _state(must(data, "status")),
        body={"metadataId": metadata_id, "settings": unmasked_settings(settings)},
    )


def update_warehouse(warehouse_id: str, settings: Mapping[str, Json]) -> Request[Warehouse]:
    """Settings are merged key by key; None removes a key."""
    return Request(
        "PATCH",
        path("warehouses", warehouse_id),
        lambda data: read_warehouse(data.get("warehouse")),
        body={"settings": unmasked_settings(settings)},
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
    return Warehouse(must(found, "id"), name, flag(found, "enabled"), user, may(metadata, "id"))


def _state(word: str) -> ConnectionState:
    return ConnectionState(word) if word in ConnectionState.__members__ else ConnectionState.UNKNOWN


def _credential(value: Json) -> Credential:
    found = fields(value, "a credential")
    return Credential(must(found, "id"), may(found, "name"), may(optional(found, "settings"), "type"))
