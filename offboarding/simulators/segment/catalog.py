"""Everything else that a workspace holds: destinations, functions, spaces, plans, transformations.

Source: Segment Public API, pages Destinations, Functions, Spaces, Audiences, Computed Traits, Tracking Plans,
Transformations, Filters, Reverse ETL, Profiles Sync.
"""

from offboarding.simulators import ids
from offboarding.simulators.clock import iso
from offboarding.simulators.segment.call import Call, listed, listed_in_full, public
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.shapes import MASKED, masked
from offboarding.simulators.segment.sources import changes
from offboarding.simulators.segment.warehouses import source_view
from offboarding.simulators.segment.warehouses import view as warehouse_view
from offboarding.simulators.segment.wire import invalid, not_found

FUNCTION_TYPES = ("SOURCE", "DESTINATION", "INSERT_SOURCE", "INSERT_DESTINATION", "INSERT_TRANSFORMATION")
PLAN_TYPES = ("ENGAGE", "LIVE", "PROPERTY_LIBRARY", "RULE_LIBRARY", "TEMPLATE")


def destination_view(row: Json) -> Json:
    return {**public(row), "settings": masked(row["settings"])}


def list_destinations(call: Call) -> Json:
    return listed(call, "destinations", call.rows("destinations"), destination_view)


def get_destination(call: Call) -> Json:
    return {"destination": destination_view(call.one("destinations"))}


def update_destination(call: Call) -> Json:
    """Settings are merged; a masked value is taken as it is written, as Segment would."""
    before = call.one("destinations")
    row = {**before, **changes(call, {"name": str, "enabled": bool})}
    row["settings"] = {**before["settings"], **call.settings()}
    call.rows("destinations").put(row)
    disabled = before["enabled"] and not row["enabled"]
    call.record(
        "Integration Disabled" if disabled else "Destination Modified", "destination", row["id"], row["name"]
    )
    return {"destination": destination_view(row)}


def list_subscriptions(call: Call) -> Json:
    """One for each destination."""
    key = call.one("destinations")["id"]
    ours = {
        "id": ids.derived(22, key, "subscription"),
        "actionId": ids.derived(22, key),
        "destinationId": key,
    }
    more = {
        "name": "Track calls",
        "actionSlug": "track",
        "enabled": True,
        "trigger": 'type = "track"',
        "settings": {},
    }
    return listed_in_full(call, "subscriptions", [{**ours, **more}])


def list_destination_filters(call: Call) -> Json:
    call.one("destinations")
    return listed_in_full(call, "filters", [])


def list_functions(call: Call) -> Json:
    kind = call.text("resourceType")
    if kind not in FUNCTION_TYPES:
        raise invalid("resourceType", f"resourceType must be one of {', '.join(FUNCTION_TYPES)}")
    return listed(call, "functions", call.rows("functions"), where=lambda row: row["resourceType"] == kind)


def get_function(call: Call) -> Json:
    row = call.one("functions")
    settings = [{**one, "value": MASKED} if one.get("sensitive") else one for one in row["_settings"]]
    more = {"code": row["_code"], "deployedAt": row["_deployed"], "settings": settings}
    return {
        "function": {
            **public(row),
            **more,
            "previewWebhookUrl": "",
            "batchMaxCount": 0,
            "isLatestVersion": True,
        }
    }


def list_function_versions(call: Call) -> Json:
    row = call.one("functions")
    times = {"createdAt": row["createdAt"], "updatedAt": row["_deployed"], "deployedAt": row["_deployed"]}
    version = {
        "id": ids.derived(22, row["id"], 1),
        "author": row["createdBy"],
        "code": row["_code"],
        "isDeployed": True,
    }
    return listed_in_full(call, "versions", [{**version, **times}])


def list_insert_instances(call: Call) -> Json:
    """None: no generated workspace has insert-function instances."""
    call.one("functions", call.text("functionId"))
    return listed_in_full(call, "instances", [])


def list_spaces(call: Call) -> Json:
    return listed(call, "spaces", call.rows("spaces"))


def list_audiences(call: Call) -> Json:
    space, search = call.one("spaces", call.params["space"])["id"], call.query.texts.get("search", "").lower()
    return listed(
        call, "audiences", call.rows("audiences"), most=200,
        where=lambda row: row["spaceId"] == space and search in row["name"].lower(),
    )  # fmt: skip


def get_audience(call: Call) -> Json:
    return {"audience": public(_in_space(call, "audiences"))}


def list_traits(call: Call) -> Json:
    space = call.one("spaces", call.params["space"])["id"]
    return listed(call, "computedTraits", call.rows("traits"), where=lambda row: row["spaceId"] == space)


def get_trait(call: Call) -> Json:
    return {"computedTrait": public(_in_space(call, "traits"))}


def _in_space(call: Call, table: str) -> Json:
    row = call.one(table)
    if row["spaceId"] != call.params["space"]:
        raise not_found()
    return row


def list_audience_connections(call: Call) -> Json:
    _in_space(call, "audiences")
    return listed_in_full(call, "connections", [])


def list_audience_activations(call: Call) -> Json:
    _in_space(call, "audiences")
    return listed_in_full(call, "activations", [])


def list_profiles_warehouses(call: Call) -> Json:
    """Reading this list writes an audit event, at Segment too."""
    space = call.one("spaces", call.params["space"])
    call.record("Profiles Sync Warehouse Retrieved", "space", space["id"], space["name"])
    found = call.rows("profiles_warehouses")
    return listed(
        call, "profilesWarehouses", found, warehouse_view, lambda row: row["spaceId"] == space["id"]
    )


def list_filters(call: Call) -> Json:
    """At most 10 a page; the cursor is a plain number."""
    key = call.text("integrationId")
    return listed(
        call,
        "filters",
        call.rows("filters"),
        where=lambda row: row["integrationId"] == key,
        most=10,
        plain=True,
    )


def list_tracking_plans(call: Call) -> Json:
    kind = call.query.texts.get("type")
    if kind and kind not in PLAN_TYPES:
        raise invalid("type", f"type must be one of {', '.join(PLAN_TYPES)}")
    return listed(
        call, "trackingPlans", call.rows("tracking_plans"), where=lambda row: kind in (None, row["type"])
    )


def get_tracking_plan(call: Call) -> Json:
    return {"trackingPlan": public(call.one("tracking_plans"))}


def list_plan_sources(call: Call) -> Json:
    found = [
        call.one("sources", key)
        for key in call.one("tracking_plans")["_sources"]
        if key in call.rows("sources")
    ]
    return listed_in_full(call, "sources", found, lambda row: source_view(call, row))


def list_plan_rules(call: Call) -> Json:
    plan = call.one("tracking_plans")
    times = {"createdAt": plan["createdAt"], "updatedAt": plan["updatedAt"]}
    rules = [
        {"key": name, "type": "TRACK", "version": 1, "jsonSchema": {}, **times} for name in plan["_rules"]
    ]
    return listed_in_full(call, "rules", rules)


def list_transformations(call: Call) -> Json:
    return listed(call, "transformations", call.rows("transformations"))


def list_models(call: Call) -> Json:
    return listed(call, "models", call.rows("models"))


def list_model_syncs(call: Call) -> Json:
    """Takes plain `count` and `cursor`, unlike every other list."""
    model, count = call.one("models"), call.query.texts.get("count", "10")
    if not count.isdigit():
        raise invalid("count", "count must be a number")
    started = [call.now - call.now % 3600 - hour * 3600 for hour in range(min(int(count), 24))]
    return {"syncStatuses": [_model_sync(model, at) for at in started], "pagination": {"current": "MA=="}}


def _model_sync(model: Json, at: float) -> Json:
    key = ids.derived(22, model["id"], int(at))
    return {
        "syncId": key,
        "modelId": model["id"],
        "syncStatus": "SUCCESS",
        "startedAt": iso(at),
        "finishedAt": iso(at + 90),
    }


def latest_live_plugin(call: Call) -> Json:
    """No generated source uses live plugins."""
    call.one("sources")
    raise not_found()
