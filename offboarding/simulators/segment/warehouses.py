"""Warehouses and the reusable credentials (Segment Public API, Warehouses, Credentials).

Settings connect unless a secret contains the word "wrong" or the user name or secret is empty. With the word
"later" in a secret they connect when they are tried, and fail once they are saved.
"""

from offboarding.simulators import ids
from offboarding.simulators.clock import iso
from offboarding.simulators.segment.call import SUCCESS, Call, listed, listed_in_full, public
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.shapes import SECRETS, masked
from offboarding.simulators.segment.wire import ApiError, invalid, not_found

CONNECTED, FAILED = "CONNECTED", "FAILED"


def view(row: Json) -> Json:
    """Secrets are left out of a warehouse's settings."""
    kept = {name: value for name, value in row["settings"].items() if name not in SECRETS}
    return {**public(row), "settings": kept}


def connects(settings: Json, saved: bool = True) -> bool:
    """Whether these settings would open a session at the database."""
    secrets = [value for name, value in flat(settings) if name in SECRETS]
    names = [value for name, value in flat(settings) if name == "username"]
    bad = ("wrong", "later") if saved else ("wrong",)
    return all([*secrets, *names]) and not any(word in str(secret) for secret in secrets for word in bad)


def flat(settings: Json) -> list[tuple[str, object]]:
    out: list[tuple[str, object]] = []
    for name, value in settings.items():
        out.extend(flat(value) if isinstance(value, dict) else [(name, value)])
    return out


def merged(before: Json, more: Json) -> Json:
    """`null` takes a setting away."""
    return {name: value for name, value in {**before, **more}.items() if value is not None}


def list_warehouses(call: Call) -> Json:
    return listed(call, "warehouses", call.rows("warehouses"), view)


def get_warehouse(call: Call) -> Json:
    return {"warehouse": view(call.one("warehouses"))}


def update_warehouse(call: Call) -> Json:
    before = call.one("warehouses")
    if not isinstance(call.body.get("settings"), dict):
        raise invalid("settings", "settings is required")
    more = dict(call.body["settings"])
    if isinstance(call.body.get("name"), str):
        more["name"] = call.body["name"]
    row = {**before, "settings": merged(before["settings"], more)}
    row["enabled"] = call.body["enabled"] if isinstance(call.body.get("enabled"), bool) else before["enabled"]
    row["_state"] = CONNECTED if connects(row["settings"]) else FAILED
    call.rows("warehouses").put(row)
    record(call, row, "Storage Destination Modified")
    if row["enabled"] and not before["enabled"]:
        record(call, row, "Storage Destination Enabled")
    return {"warehouse": view(row)}


def record(call: Call, row: Json, kind: str) -> None:
    call.record(kind, "warehouse", row["id"], row["settings"].get("name", ""))


def connection_state(call: Call) -> Json:
    row = call.one("warehouses")
    credential = call.rows("credentials").get(row["_credential"]) if row["_credential"] else None
    fails = credential is not None and not connects(credential["settings"])
    return {"connectionState": FAILED if fails else row["_state"]}


def validate(call: Call) -> Json:
    """Tries settings before they are saved."""
    call.given("metadataId", str)
    settings = call.given("settings", dict)
    call.record("Storage Destination Settings Validation", "warehouse", "", str(call.body["metadataId"]))
    return {"status": CONNECTED if isinstance(settings, dict) and connects(settings, saved=False) else FAILED}


def list_connected_sources(call: Call) -> Json:
    found = [
        call.one("sources", key) for key in call.one("warehouses")["_sources"] if key in call.rows("sources")
    ]
    return listed_in_full(call, "sources", found, lambda row: source_view(call, row))


def source_view(call: Call, row: Json) -> Json:
    return public(row) if call.full_access else {**public(row), "writeKeys": []}


def connect_source(call: Call) -> Json:
    row, source = call.one("warehouses"), call.one("sources", call.params["source"])
    linked = list(dict.fromkeys([*row["_sources"], source["id"]]))
    call.rows("warehouses").put({**row, "_sources": linked})
    record(call, row, "Storage Destination Modified")
    return {"status": CONNECTED}


def disconnect_source(call: Call) -> Json:
    row, key = call.one("warehouses"), call.params["source"]
    if key not in row["_sources"]:
        raise not_found()
    call.rows("warehouses").put({**row, "_sources": [one for one in row["_sources"] if one != key]})
    record(call, row, "Storage Destination Modified")
    return SUCCESS


def list_syncs(call: Call) -> Json:
    """One sync an hour for each connected source, over the last day."""
    row = call.one("warehouses")
    reports = [_sync(row, key, hour, call.now) for hour in range(1, 25) for key in row["_sources"]]
    return listed_in_full(call, "reports", reports)


def _sync(row: Json, source: str, hour: int, now: float) -> Json:
    start = now - now % 3600 - hour * 3600
    seconds = 40 + ids.stable_number(row["id"], source, int(start)) % 300
    count = ids.stable_number(source, int(start)) % 50_000
    status = "SUCCESS" if row["_state"] == CONNECTED else "FAILED"
    times = {"start": iso(start), "end": iso(start + seconds), "duration": seconds * 1000}
    return {
        "sourceId": source,
        **times,
        "humanDuration": f"{seconds} s",
        "status": status,
        "count": count,
        "notices": [],
    }


def list_credentials(call: Call) -> Json:
    return listed(call, "credentials", call.rows("credentials"), credential_view)


def credential_view(row: Json) -> Json:
    return {**public(row), "settings": masked(row["settings"], "[redacted]")}


def get_credential(call: Call) -> Json:
    return {"credential": credential_view(call.one("credentials"))}


def list_consumers(call: Call) -> Json:
    """Two lists, each with pages of its own."""
    credential = call.one("credentials")
    warehouses = [row for row in call.rows("warehouses") if row["_credential"] == credential["id"]]
    sources = [row for row in call.rows("sources") if row["id"] in credential["_sources"]]
    return {
        **listed_in_full(call, "warehouses", warehouses, view, page="warehousesPagination"),
        **listed_in_full(
            call, "sources", sources, lambda row: source_view(call, row), page="sourcesPagination"
        ),
    }


def create_credential(call: Call) -> Json:
    name, settings = str(call.given("name", str)), call.given("settings", dict)
    if not isinstance(settings, dict) or not settings.get("type"):
        raise invalid("settings.type", "settings.type is required")
    key = "cred_" + ids.derived(27, call.workspace.id, "new credential", call.workspace.next_number())
    times = {"createdAt": iso(call.now), "updatedAt": iso(call.now)}
    row = {
        "id": key,
        "workspaceId": call.workspace.id,
        "name": name,
        "settings": settings,
        **times,
        "_sources": [],
    }
    call.rows("credentials").put(row)
    call.record("Warehouse Credential Created", "credential", key, name)
    return {"credential": credential_view(row)}


def update_credential(call: Call) -> Json:
    before = call.one("credentials")
    more = call.settings()
    if more.get("type", before["settings"].get("type")) != before["settings"].get("type"):
        raise invalid("settings.type", "The type of a credential cannot change.")
    row = {**before, "settings": deep_merged(before["settings"], more), "updatedAt": iso(call.now)}
    row["name"] = str(call.body.get("name") or before["name"])
    call.rows("credentials").put(row)
    call.record("Warehouse Credential Modified", "credential", row["id"], row["name"])
    return {"credential": credential_view(row)}


def deep_merged(before: Json, more: Json) -> Json:
    out = dict(before)
    for name, value in more.items():
        old = before.get(name)
        out[name] = deep_merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def delete_credential(call: Call) -> Json:
    row = call.one("credentials")
    used = any(one["_credential"] == row["id"] for one in call.rows("warehouses"))
    if used or any(key in call.rows("sources") for key in row["_sources"]):
        raise ApiError(409, "The credential is in use.")
    call.rows("credentials").remove(row["id"])
    call.record("Warehouse Credential Deleted", "credential", row["id"], row["name"])
    return SUCCESS
