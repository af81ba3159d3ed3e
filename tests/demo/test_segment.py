"""The simulated Segment's own pages: what an owner does by hand there really happens in the simulator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from offboarding.simulators.simulator import Simulator

HERE = {"HTTP_HOST": "localhost:8000", "REMOTE_ADDR": "127.0.0.1"}
DAN = "dan@northwind.example"
INITECH = "/demo/segment/initech-production/"


@pytest.fixture
def world(segment: Simulator, settings: Any, tmp_path: Path, db: None) -> Simulator:
    settings.DEMO, settings.DATA = True, tmp_path
    (tmp_path / "segment.json").write_text(json.dumps(segment.describe()))
    return segment


def page(client: Client, path: str) -> str:
    answer = client.get(path, **HERE)
    assert answer.status_code == 200
    text: str = answer.content.decode()
    return text


def press(client: Client, path: str, **pressed: str) -> str:
    answer = client.post(f"{path}act/", pressed, follow=True, **HERE)
    text: str = answer.content.decode()
    return text


def test_all_workspaces_are_listed(client: Client, world: Simulator) -> None:
    text = page(client, "/demo/segment/")
    assert all(each["name"] in text for each in world.control.workspaces())


def test_members_are_found_by_name_and_address(client: Client, world: Simulator) -> None:
    text = page(client, "/demo/segment/acme-staging/?q=REYES")
    assert (DAN in text, "1 of 1 found" in text, "Source Admin" in text) == (True, True, True)


def test_the_last_owner_is_not_removed_and_the_page_says_what_to_do(client: Client, world: Simulator) -> None:
    assert f"{DAN} is the only Workspace Owner. Make somebody else Owner first." in press(
        client, INITECH, remove=DAN
    )
    assert world.control.person("initech-production", DAN)["member"]


def test_after_somebody_else_is_owner_the_last_owner_can_go(client: Client, world: Simulator) -> None:
    other = next(
        row["email"]
        for row in world.control.state("initech-production", ("members",))["members"]
        if row["email"] != DAN
    )
    assert f"{other} is Workspace Owner now." in press(client, INITECH, owner=other)
    assert f"{DAN} was removed." in press(client, INITECH, remove=DAN)
    assert world.control.state("initech-production", ("owners",))["owners"] == [other]


def test_who_becomes_owner_keeps_their_other_roles(client: Client, world: Simulator) -> None:
    press(client, "/demo/segment/acme-staging/", owner=DAN)
    roles = [one["roleName"] for one in world.control.person("acme-staging", DAN)["member"]["permissions"]]
    assert roles == ["Source Admin", "Workspace Owner"]


def test_an_invitation_is_revoked(client: Client, world: Simulator) -> None:
    assert f"The invitation of {DAN} was revoked." in press(client, "/demo/segment/acme-eu/", revoke=DAN)
    assert not world.control.person("acme-eu", DAN)["invited"]


def test_a_new_token_is_shown_once_and_works_where_the_old_one_was_refused(
    client: Client, world: Simulator
) -> None:
    path = "/demo/segment/globex-staging/"
    assert "its API refuses them" in page(client, path)
    made = client.post(f"{path}token/", **HERE).content.decode()
    token = re.search(r'id="made-token">([^<]+)<', made)
    assert token
    assert token[1] not in page(client, path)
    assert token[1] in world.world.tokens


def test_what_was_done_stands_in_the_audit_trail(client: Client, world: Simulator) -> None:
    path = "/demo/segment/acme-staging/"
    world.control.change("acme-staging", {"audit_delay": 0})
    press(client, path, remove=DAN)
    assert "User Removed" in page(client, path)


def test_somebody_who_is_no_member_any_more_is_told_so(client: Client, world: Simulator) -> None:
    assert "is not a member of this workspace any more" in press(client, INITECH, remove="nobody@example.com")


@pytest.mark.parametrize("path", ["/demo/segment/no-such/", "/demo/segment/no-such/token/", f"{INITECH}act/"])
def test_what_does_not_exist_is_not_found(client: Client, world: Simulator, path: str) -> None:
    answer = client.get(path, **HERE) if path.endswith("such/") else client.post(path, {"other": DAN}, **HERE)
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/demo/segment/", INITECH, f"{INITECH}act/", f"{INITECH}token/"])
def test_for_anybody_elsewhere_there_is_no_such_page(client: Client, world: Simulator, path: str) -> None:
    answer = (client.post if path.endswith(("act/", "token/")) else client.get)(path, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 404


def test_simulated_workspaces_that_are_away_are_told_of(client: Client, world: Simulator) -> None:
    world.stop()
    answer = client.get("/demo/segment/", **HERE)
    assert (answer.status_code, "do not answer" in answer.content.decode()) == (409, True)
    world.start()


def test_a_token_is_removed_with_one_press_and_refused_from_then_on(client: Client, world: Simulator) -> None:
    path = "/demo/segment/acme-staging/"
    made = world.control.make_token("acme-staging")
    assert f"…{made['token'][-3:]}, owner" in page(client, path)
    assert "was removed." in press(client, path, token=made["short_id"])
    assert made["token"] not in world.world.tokens


def test_the_page_says_which_passwords_fail_and_how_each_login_is(client: Client, world: Simulator) -> None:
    told = page(client, "/demo/segment/acme-production/")
    for words in (
        "Warehouses and credentials",
        "cannot sign in",
        "segment_loader",
        "Connected",
        "SEGMENT_LOADER",
    ):
        assert words in told
    assert "loads-well" not in told
