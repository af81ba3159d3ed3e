"""The workspace itself, the echo, roles, labels and the audit trail."""

from offboarding.simulators.clock import parse_iso
from offboarding.simulators.segment import audit
from offboarding.simulators.segment.call import SUCCESS, Call, listed_in_full, public
from offboarding.simulators.segment.paging import DEFAULT, read_count
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import ApiError, invalid


def get_workspace(call: Call) -> Json:
    workspace = call.workspace
    return {"workspace": {"id": workspace.id, "slug": workspace.slug, "name": workspace.name}}


def echo(call: Call) -> Json:
    """Answers the message, or fails as it is asked to."""
    texts = call.query.texts
    message, status = call.text("message"), texts.get("statusCode", "")
    if texts.get("triggerUnexpectedError") == "true":
        raise ApiError(500, "An unexpected error occurred.")
    if texts.get("triggerError") == "true" or texts.get("triggerMultipleErrors") == "true":
        raise ApiError(int(status) if status.isdigit() else 400, message)
    return {"message": message, "method": "GET", "headers": {}}


def list_roles(call: Call) -> Json:
    return listed_in_full(call, "roles", call.workspace.roles)


def list_labels(call: Call) -> Json:
    """All labels; this list has no pages."""
    return {"labels": [label_view(row) for row in call.rows("labels")]}


def label_view(row: Json) -> Json:
    return {name: value for name, value in public(row).items() if name != "id"}


def create_label(call: Call) -> Json:
    given = call.given("label", dict)
    if not isinstance(given, dict) or not (given.get("key") and given.get("value")):
        raise invalid("label", "a label needs key and value")
    row = {**given, "id": f"{given['key']}:{given['value']}"}
    call.rows("labels").put(row)
    call.record("Label Created", "label", row["id"], row["id"])
    return {"label": label_view(row)}


def delete_label(call: Call) -> Json:
    row = call.one("labels", f"{call.params['key']}:{call.params['value']}")
    wanted = (row["key"], row["value"])
    used = (label for source in call.rows("sources") for label in source["labels"])
    if any((label["key"], label["value"]) == wanted for label in used):
        raise ApiError(409, "The label is in use.")
    call.rows("labels").remove(row["id"])
    call.record("Label Deleted", "label", row["id"], row["id"])
    return SUCCESS


def list_audit_events(call: Call) -> Json:
    """Newest first; no filter by person or type. The cursor pins the end of the window."""
    given = call.query.objects.get("pagination")
    count = read_count(given, "pagination", 1000) if given else DEFAULT
    cursor = str((given or {}).get("cursor") or "")
    after, end = audit.read_cursor(cursor) if cursor else (None, _time(call, "endTime", call.now + 1))
    texts = call.query.texts
    window = audit.Window(
        _time(call, "startTime", 0.0), end, texts.get("resourceId"), texts.get("resourceType")
    )
    events, more = call.workspace.audit.page(window, call.now, count, after)
    current = cursor or audit.write_cursor({"at": end, "number": 0}, end)
    pagination = {"current": current, **({"next": audit.write_cursor(events[-1], end)} if more else {})}
    return {"events": [audit.public(event) for event in events], "pagination": pagination}


def _time(call: Call, name: str, default: float) -> float:
    text = call.query.texts.get(name)
    if not text:
        return default
    try:
        return parse_iso(text)
    except ValueError:
        raise invalid(name, f"{name} must be an ISO 8601 time") from None
