"""Sources, keys, warehouses, credentials, functions, spaces, numbers."""

from urllib.parse import quote

import pytest

from tests.simulators.conftest import Small, Start

DAYS = "granularity=DAY&startTime=2026-01-05T00:00:00Z&endTime=2026-01-08T00:00:00Z"


def test_a_new_write_key_joins_the_old_one_and_the_old_one_can_go(small: Small) -> None:
    source = small.id("sources", "website")
    before = small.api.get(f"/sources/{source}").data["source"]["writeKeys"]
    after = small.api.call("POST", f"/sources/{source}/writekey").data["source"]["writeKeys"]
    assert len(set(after) - set(before)) == 1
    assert set(before) <= set(after)
    assert small.api.call("DELETE", f"/sources/{source}/writekey/{before[0]}").data == {"status": "SUCCESS"}
    assert small.control.state("small", ("keys",))["keys"][source] == sorted(set(after) - set(before))
    assert small.api.call("DELETE", f"/sources/{source}/writekey/{before[0]}").status == 404


def test_new_write_keys_stand_at_places_that_say_nothing(small: Small) -> None:
    path = f"/sources/{small.id('sources', 'website')}/writekey"
    known: list[str] = []
    places: set[bool] = set()
    for _ in range(12):
        keys = small.api.call("POST", path).data["source"]["writeKeys"]
        places.update(keys.index(key) == len(keys) - 1 for key in set(keys) - set(known))
        known = keys
    assert places == {True, False}


def test_a_cloud_source_has_no_key_and_gets_none(small: Small) -> None:
    source = small.id("sources", "crm")
    assert small.api.get(f"/sources/{source}").data["source"]["writeKeys"] == []
    assert small.api.call("POST", f"/sources/{source}/writekey").status == 400


def test_a_source_names_its_plan_destinations_and_warehouses(small: Small) -> None:
    source = small.id("sources", "website")
    assert small.api.get(f"/sources/{source}").data["trackingPlanId"] == small.id("tracking_plans", "Plan")
    destinations = small.api.get(f"/sources/{source}/connected-destinations").data["destinations"]
    assert [one["name"] for one in destinations] == ["Hook"]
    warehouses = small.api.get(f"/sources/{source}/connected-warehouses").data["warehouses"]
    assert [one["settings"]["name"] for one in warehouses] == ["Lake"]


@pytest.mark.parametrize(("enabled", "event"), [(False, "Source Disabled"), (True, "Source Modified")])
def test_a_change_of_a_source_is_audited(small: Small, enabled: bool, event: str) -> None:
    source = small.id("sources", "website")
    assert (
        small.api.call("PATCH", f"/sources/{source}", {"enabled": enabled}).data["source"]["enabled"]
        is enabled
    )
    assert small.api.get(f"/audit-events?resourceId={source}").data["events"][0]["type"] == event


def test_secrets_of_destinations_and_warehouses_never_come_back(small: Small) -> None:
    destination = small.api.get("/destinations").data["destinations"][0]
    assert destination["settings"] == {"sharedSecret": "•" * 8, "url": "u"}
    warehouse = small.api.get("/warehouses").data["warehouses"][0]
    assert warehouse["settings"] == {"name": "Lake", "username": "l"}
    assert b'"p"' not in small.api.get("/credentials").raw


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"username": "l", "password": "fresh"}, "CONNECTED"),
        ({"username": "l", "password": "wrong one"}, "FAILED"),
        ({"username": "", "password": "fresh"}, "FAILED"),
        ({"username": "l", "authentication": {"privateKey": ""}}, "FAILED"),
    ],
)
def test_warehouse_settings_are_tried_before_and_after_they_are_saved(
    small: Small, settings: dict[str, object], state: str
) -> None:
    warehouse = small.id("warehouses", "Lake")
    tried = small.api.call(
        "POST", "/warehouses/validation", {"metadataId": "tdRLfbuYXq", "settings": settings}
    )
    assert tried.data == {"status": state}
    assert small.api.call("PATCH", f"/warehouses/{warehouse}", {"settings": settings}).status == 200
    assert small.api.get(f"/warehouses/{warehouse}/connection-state").data == {"connectionState": state}


def test_a_setting_that_is_null_is_taken_away(small: Small) -> None:
    warehouse = small.id("warehouses", "Lake")
    answer = small.api.call(
        "PATCH", f"/warehouses/{warehouse}", {"settings": {"username": None, "port": "1"}}
    )
    assert answer.data["warehouse"]["settings"] == {"name": "Lake", "port": "1"}
    assert small.api.call("PATCH", f"/warehouses/{warehouse}", {}).status == 422


def test_sources_are_connected_to_a_warehouse_and_disconnected(small: Small) -> None:
    path = f"/warehouses/{small.id('warehouses', 'Lake')}/connected-sources"
    crm = small.id("sources", "crm")
    connected = small.api.call("POST", f"{path}/{crm}")
    assert (connected.status, connected.data) == (201, {"status": "CONNECTED"})
    assert [source["name"] for source in small.api.get(path).data["sources"]] == ["Website", "CRM"]
    assert small.api.call("DELETE", f"{path}/{crm}").status == 200
    assert small.api.call("DELETE", f"{path}/{crm}").status == 404


def test_a_credential_in_use_cannot_be_deleted(small: Small) -> None:
    assert small.api.call("DELETE", f"/credentials/{small.id('credentials', 'Loader')}").status == 409
    assert small.api.call("DELETE", f"/credentials/{small.id('credentials', 'Unused')}").status == 200


def test_consumers_of_a_credential_have_pages_of_their_own(small: Small) -> None:
    path = f"/credentials/{small.id('credentials', 'Loader')}/consumers"
    data = small.api.get(f"{path}?warehousesPagination.count=1&sourcesPagination.count=5").data
    assert [row["settings"]["name"] for row in data["warehouses"]] == ["Lake"]
    assert [row["name"] for row in data["sources"]] == ["CRM"]
    assert {"warehousesPagination", "sourcesPagination"} <= data.keys()


def test_a_credential_is_made_and_changed_but_keeps_its_type(small: Small) -> None:
    body = {"name": "New", "settings": {"type": "Snowflake", "username": "N", "password": "q"}}
    made = small.api.call("POST", "/credentials", body)
    assert (made.status, made.data["credential"]["settings"]["password"]) == (201, "[redacted]")
    path = f"/credentials/{made.data['credential']['id']}"
    changed = small.api.call("PATCH", path, {"settings": {"username": "M"}}).data["credential"]
    assert (changed["name"], changed["settings"]["username"]) == ("New", "M")
    assert small.api.call("PATCH", path, {"settings": {"type": "Redshift"}}).status == 422


def test_a_wrong_credential_fails_all_its_warehouses(small: Small) -> None:
    body = {"settings": {"password": "wrong"}}
    assert small.api.call("PATCH", f"/credentials/{small.id('credentials', 'Loader')}", body).status == 200
    state = small.api.get(f"/warehouses/{small.id('warehouses', 'Lake')}/connection-state").data
    assert state == {"connectionState": "FAILED"}


def test_functions_are_listed_by_kind_and_say_who_made_them(small: Small) -> None:
    assert small.api.get("/functions").status == 422
    assert small.api.get("/functions?resourceType=SOURCE").data["functions"] == []
    listed = small.api.get("/functions?resourceType=DESTINATION").data["functions"]
    assert [(one["displayName"], one["createdBy"]) for one in listed] == [("Clean", small.dan)]
    assert "code" not in listed[0]
    assert "code" in small.api.get(f"/functions/{listed[0]['id']}").data["function"]


def test_audiences_and_traits_of_a_space_say_who_made_them(small: Small) -> None:
    space = small.id("spaces", "Customers")
    assert small.api.get(f"/spaces/{space}/audiences").data["audiences"][0]["createdBy"] == small.dan
    assert (
        small.api.get(f"/spaces/{space}/computed-traits").data["computedTraits"][0]["updatedBy"] == small.dan
    )
    assert small.api.get(f"/spaces/{space}/audiences?pagination.count=201").status == 422
    assert small.api.get(f"/spaces/{space}/audiences?search=other").data["audiences"] == []


def test_filters_come_ten_at_a_time_with_a_plain_number_as_cursor(small: Small) -> None:
    query = f"integrationId={small.id('destinations', 'Hook')}"
    assert small.api.get(f"/filters?{query}&pagination.count=11").status == 422
    first = small.api.get(f"/filters?{query}").data
    assert (len(first["filters"]), first["pagination"]["next"]) == (10, "10")
    assert (
        len(small.api.get(f"/filters?{query}&pagination.count=10&pagination.cursor=10").data["filters"]) == 2
    )


def test_a_label_in_use_stays(small: Small) -> None:
    assert "pagination" not in small.api.get("/labels").data
    assert small.api.call("DELETE", "/labels/environment/production").status == 409
    assert small.api.call("DELETE", "/labels/team/growth").status == 200
    assert small.api.call("POST", "/labels", {"label": {"key": "a", "value": "b"}}).status == 201
    assert {"key": "a", "value": "b"} in small.api.get("/labels").data["labels"]


def test_a_feature_that_is_off_is_refused(start: Start) -> None:
    small = start(features=["groups", "audit"])
    paths = ("/spaces", "/functions?resourceType=SOURCE", "/tracking-plans", "/credentials")
    assert [small.api.get(path).status for path in paths] == [403, 403, 403, 404]


def test_event_numbers_stay_the_same_until_a_test_breaks_them(small: Small) -> None:
    source = small.id("sources", "website")
    path = f"/events/volume?{DAYS}&groupBy.0=source&sourceId.0={source}"
    first = small.api.get(path).data["result"][0]
    assert (first["source"]["id"], len(first["series"])) == (source, 3)
    assert small.api.get(path).data["result"][0] == first
    small.control.break_volume("small", "website", 0, since="2026-01-07T00:00:00Z")
    counts = [one["count"] for one in small.api.get(path).data["result"][0]["series"]]
    assert counts == [*(one["count"] for one in first["series"][:2]), 0]


@pytest.mark.parametrize("groups", ["groupBy.0=eventName&groupBy.1=eventType", "groupBy=eventName,eventType"])
def test_event_numbers_are_grouped_by_what_is_named(small: Small, groups: str) -> None:
    result = small.api.get(f"/events/volume?{DAYS}&{groups}").data["result"]
    assert [(one["eventName"], one["eventType"]) for one in result] == [
        ("Page Viewed", "page"),
        ("Signed Up", "track"),
        ("Order Completed", "track"),
    ]


@pytest.mark.parametrize("change", ["granularity=YEAR", "startTime=soon", "endTime=2025-01-01T00:00:00Z"])
def test_numbers_for_an_impossible_time_are_refused(small: Small, change: str) -> None:
    assert small.api.get(f"/events/volume?{DAYS}&{change}").status == 422


def test_delivery_numbers_need_source_and_destination(small: Small) -> None:
    source, hook = small.id("sources", "website"), small.id("destinations", "Hook")
    path = f"/delivery-overview/successful-delivery?{DAYS}&sourceId={source}"
    assert small.api.get(path).status == 422
    delivered = small.api.get(f"{path}&destinationConfigId={hook}").data["total"]
    received = small.api.get(f"/delivery-overview/successfully-received?{DAYS}&sourceId={source}").data[
        "total"
    ]
    assert 0 < delivered < received


def test_ids_in_paths_may_be_percent_encoded(small: Small) -> None:
    key = small.workspace.tables["sources"].get(small.id("sources", "website"))
    assert key
    path = f"/sources/{quote(key['id'], safe='')}/writekey/{quote(key['writeKeys'][0], safe='')}"
    assert small.api.call("DELETE", path).status == 200


def test_a_login_with_the_word_later_works_when_tried_and_fails_once_saved(small: Small) -> None:
    [warehouse] = small.api.get("/warehouses").data["warehouses"][:1]
    settings = {"username": "u", "password": "fails-later"}
    tried = small.api.call("POST", "/warehouses/validation", {"metadataId": "m", "settings": settings})
    assert tried.data["status"] == "CONNECTED"
    small.api.call("PATCH", f"/warehouses/{warehouse['id']}", {"settings": settings})
    state = small.api.get(f"/warehouses/{warehouse['id']}/connection-state")
    assert state.data["connectionState"] == "FAILED"
