"""Sources and their write keys (Segment Public API, Sources)."""

from offboarding.simulators import ids
from offboarding.simulators.segment.call import SUCCESS, Call, listed, listed_in_full, public
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.warehouses import view as warehouse_view
from offboarding.simulators.segment.wire import ApiError, invalid, not_found


def view(call: Call, row: Json) -> Json:
    """A member-level token sees no write keys."""
    return public(row) if call.full_access else {**public(row), "writeKeys": []}


def list_sources(call: Call) -> Json:
    return listed(call, "sources", call.rows("sources"), lambda row: view(call, row))


def get_source(call: Call) -> Json:
    source = call.one("sources")
    plans = [plan["id"] for plan in call.rows("tracking_plans") if source["id"] in plan["_sources"]]
    return {"source": view(call, source), **({"trackingPlanId": plans[0]} if plans else {})}


def get_settings(call: Call) -> Json:
    key = call.one("sources")["id"]
    common = {
        "allowEventOnViolations": True,
        "allowPropertiesOnViolations": True,
        "commonEventOnViolations": "ALLOW",
    }
    return {
        "sourceId": key,
        "settings": {"track": {"allowUnplannedEvents": True, **common}, "forwardingViolationsTo": ""},
    }


def update_source(call: Call) -> Json:
    before = call.one("sources")
    row = {**before, **changes(call, {"name": str, "slug": str, "enabled": bool})}
    row["settings"] = {**before["settings"], **call.settings()}
    call.rows("sources").put(row)
    kinds = {"Source Modified"}
    if row["enabled"] != before["enabled"]:
        kinds = {"Source Enabled" if row["enabled"] else "Source Disabled"}
    if row["settings"] != before["settings"]:
        kinds.add("Source Settings Modified")
    for kind in sorted(kinds):
        record(call, row, kind)
    return {"source": view(call, row)}


def changes(call: Call, fields: dict[str, type]) -> Json:
    """The named fields of the body, each of its type."""
    for name, kind in fields.items():
        if call.body.get(name) is not None and not isinstance(call.body[name], kind):
            raise invalid(name, f"{name} has the wrong type")
    return {name: call.body[name] for name in fields if call.body.get(name) is not None}


def record(call: Call, source: Json, kind: str = "Source Modified") -> None:
    call.record(kind, "source", source["id"], source["name"])


def delete_source(call: Call) -> Json:
    source = call.one("sources")
    call.rows("sources").remove(source["id"])
    record(call, source, "Source Deleted")
    return SUCCESS


def list_destinations(call: Call) -> Json:
    key = call.one("sources")["id"]
    found = [row for row in call.rows("destinations") if row["sourceId"] == key]
    return listed_in_full(call, "destinations", found)


def list_warehouses(call: Call) -> Json:
    key = call.one("sources")["id"]
    found = [row for row in call.rows("warehouses") if key in row["_sources"]]
    return listed_in_full(call, "warehouses", found, warehouse_view)


def add_labels(call: Call) -> Json:
    source = call.one("sources")
    new = [one for one in _labels(call) if one not in source["labels"]]
    return _label(call, source, [*source["labels"], *new])


def replace_labels(call: Call) -> Json:
    return _label(call, call.one("sources"), _labels(call))


def _labels(call: Call) -> list[Json]:
    given = call.body.get("labels")
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("key") for one in given):
        raise invalid("labels", "labels must be a list of {key, value}")
    return given


def _label(call: Call, source: Json, labels: list[Json]) -> Json:
    call.rows("sources").put({**source, "labels": labels})
    record(call, source)
    return {"labels": labels}


def add_write_key(call: Call) -> Json:
    """One more key, at a place that says nothing; the others go on working."""
    source = call.one("sources")
    if source["metadata"]["isCloudEventSource"]:
        raise ApiError(400, "A cloud source has no write key.")
    key = ids.write_key(source["id"], source["_serial"])
    place = ids.stable_number("place", key) % (len(source["writeKeys"]) + 1)
    keys = [*source["writeKeys"][:place], key, *source["writeKeys"][place:]]
    row = {**source, "writeKeys": keys, "_serial": source["_serial"] + 1}
    call.rows("sources").put(row)
    record(call, row)
    return {"source": view(call, row)}


def remove_write_key(call: Call) -> Json:
    source, key = call.one("sources"), call.params["key"]
    if key not in source["writeKeys"]:
        raise not_found()
    keys = [one for one in source["writeKeys"] if one != key]
    call.rows("sources").put({**source, "writeKeys": keys})
    record(call, source)
    return SUCCESS
