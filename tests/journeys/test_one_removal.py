"""One removal through the front door, without script: filed, decided, carried out, verified, sealed, downloaded.

The parts follow each other; each is a fact of its own about the same request.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from offboarding.demo.cast import LEAVER_ADDRESS, LEAVER_OTHER_ADDRESS, PASSWORD
from tests.journeys.reader import Reader
from tests.journeys.stack import Installation, until

pytestmark = pytest.mark.journey

R = "/requests/R-1001/"


def picture(number: int) -> bytes:
    """A screenshot, as far as anybody can tell: another one for each number."""
    made = BytesIO()
    Image.new("RGB", (40, 30), (number % 256, 90, 81)).save(made, "PNG")
    return made.getvalue()


@pytest.fixture(scope="module")
def people(product: Installation) -> Iterator[Callable[[str], Reader]]:
    """Everybody of the cast at a browser of their own, signed in by password."""
    there: dict[str, Reader] = {}

    def person(key: str) -> Reader:
        if key not in there:
            there[key] = Reader(product.base)
            there[key].get("/signin/").press("Sign in", login=f"{key}@northwind.example", password=PASSWORD)
            if there[key].path == "/signin/zone/":  # the first sign-in asks for the zone
                there[key].press("Go on", time_zone="UTC")
            assert there[key].path == "/", there[key].text
        return there[key]

    yield person
    for reader in there.values():
        reader.client.close()


@pytest.fixture(scope="module")
def segment(product: Installation) -> Iterator[Callable[..., Any]]:
    """The control of the simulated Segment: `segment("GET", "/workspaces/acme-staging")`."""
    control = product.described["control"]
    with httpx.Client(
        base_url=control["url"], headers={"Authorization": f"Bearer {control['token']}"}
    ) as client:

        def call(method: str, path: str, **options: Any) -> Any:
            answer = client.request(method, path, **options)
            assert answer.status_code < 300, answer.text
            return answer.json()

        yield call


def number_of(reader: Reader, workspace: str) -> str:
    """The form's name for a workspace: the first choice after its name on the page."""
    place = reader.answer.text.index(workspace)
    found = re.search(r'name="(?:w(\d+)-choice|choice-(\d+))"', reader.answer.text[place:])
    assert found
    return found.group(1) or found.group(2)


def test_alice_finds_every_access_of_dan(people: Callable[[str], Reader]) -> None:
    alice = people("alice")
    alice.get("/requests/new/").press("Find access", email="dan(at)northwind")
    assert alice.answer.status_code == 422
    assert "Enter an e-mail address like name@company.com." in alice.text
    alice.press("Find access", email=LEAVER_ADDRESS, others=LEAVER_OTHER_ADDRESS)
    page = alice.path
    until(90, lambda: "15 of 15" in alice.get(page).text)
    for told in ("Workspace Owner", "Groups: Data engineers", "Invite", "None found", "Could not check"):
        assert told in alice.text
    assert "Hooli" not in alice.text


def test_alice_chooses_and_sends(people: Callable[[str], Reader]) -> None:
    alice = people("alice")
    alice.get("/requests/new/R-1001/found/")
    staging, sandbox = number_of(alice, "Acme Staging"), number_of(alice, "Acme Sandbox")
    alice.press("Continue", **{f"w{sandbox}-choice": "keep"})
    assert alice.answer.status_code == 422
    assert "Say why this access stays." in alice.text
    until_date = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
    alice.press(
        "Continue",
        **{
            f"w{sandbox}-choice": "keep",
            f"w{sandbox}-reason": "hand-over",
            f"w{staging}-choice": "downgrade",
            f"w{staging}-until": until_date,
        },
    )
    alice.press("Continue", needs="reason", reason="contract-ended", ticket="CS-881")
    assert alice.path.endswith("/check/")
    alice.press("Send for approval")
    assert "Bob Lindqvist" in alice.text


def test_carol_sees_nothing_of_it(people: Callable[[str], Reader]) -> None:
    carol = people("carol")
    for path in (R, f"{R}approve/", f"{R}checklist/", f"{R}evidence/", "/evidence/R-1001/", f"{R}steps/1/"):
        assert carol.get(path).answer.status_code == 404, path
    for path in ("/", "/requests/", "/search/?q=dan", "/evidence/"):
        assert "R-1001" not in carol.get(path).text, path


def test_alice_cannot_approve_her_own_request(people: Callable[[str], Reader]) -> None:
    alice = people("alice").get(f"{R}approve/")
    assert "You filed this, so someone else decides" in alice.text
    assert not any("decision" in form.names for form in alice.page.forms)


def test_a_plan_that_changed_while_bob_read_is_not_decided(people: Callable[[str], Reader]) -> None:
    bob, alice = people("bob"), people("alice")
    bob.get(f"{R}approve/")
    alice.get(f"{R}change/")
    beta = number_of(alice, "Initech Beta")
    alice.press("Send the changed plan", **{f"choice-{beta}": "keep", f"reason-{beta}": "still needed"})
    bob.press("Continue", decision="approve")
    if bob.path == "/confirm-identity/":
        bob.press("Confirm", password=PASSWORD)
    if bob.answer.status_code == 200:
        bob.press("Approve")
    assert bob.answer.status_code == 409
    assert "Initech Beta" in bob.text
    assert "To decide" in alice.get(R).text


def test_bob_confirms_who_he_is_and_approves(people: Callable[[str], Reader]) -> None:
    bob = people("bob").get("/")
    assert "R-1001" in bob.text
    bob.get(f"{R}approve/").press("Continue", decision="approve")
    assert bob.path == "/confirm-identity/"
    bob.press("Confirm", password=PASSWORD)
    bob.press("Approve removal from")
    assert "approved" in bob.text.lower()


def test_the_checklist_runs_by_itself_and_says_where_it_needs_a_person(
    people: Callable[[str], Reader],
) -> None:
    olga = people("olga")

    def settled() -> bool:
        text = olga.get(f"{R}checklist/").text
        return "only Owner of Initech Production" in text and "refused our token" in text

    until(60, settled)


def test_a_refused_token_is_replaced_and_the_step_goes_on_by_itself(
    people: Callable[[str], Reader], segment: Callable[..., Any], product: Installation
) -> None:
    olga, token = people("olga"), token_of(product, "Globex Staging")
    olga.get("/setup/connections/")
    olga.follow_in("Globex Staging", "Replace token")
    olga.press("Test and keep", token=token)
    assert olga.answer.status_code == 422
    assert token not in olga.answer.text
    segment("PATCH", "workspaces/globex-staging", json={"token_refused": False})
    olga.press("Test and keep", token=token)
    assert olga.answer.status_code == 200
    until(60, lambda: "not in the member list" in step_of(olga, "Remove Dan Reyes from Globex Staging").text)


def test_the_last_owner_goes_once_there_is_another(
    people: Callable[[str], Reader], segment: Callable[..., Any]
) -> None:
    olga = step_of(people("olga"), "Remove Dan Reyes from Initech Production")
    assert "Make someone else Owner first" in olga.text
    other = next(
        member["email"]
        for member in segment("GET", "workspaces/initech-production", params={"parts": "members"})["members"]
        if member["email"] != LEAVER_ADDRESS
    )
    segment(
        "PUT", f"workspaces/initech-production/members/{other}", json={"permissions": ["Workspace Owner"]}
    )
    olga.press("Try again")
    until(60, lambda: "Verified" in step_of(olga, "Remove Dan Reyes from Initech Production").text)


def test_olga_does_what_no_api_can_and_it_closes(people: Callable[[str], Reader]) -> None:
    olga = people("olga")
    refused = step_of(olga, "Take a screenshot of Access Management")
    refused.press(
        "Sign off",
        needs="attest",
        attest="on",
        files={"file": ("proof.heic", b"\x00\x00\x00 ftypheic", "image/heic")},
    )
    assert refused.answer.status_code == 422
    assert "proof.heic cannot be read" in refused.text
    refused.press("Sign off", needs="attest", attest="on")
    assert "Attach the screenshot that shows it" in refused.text

    def closed() -> bool:
        for number in waiting_steps(olga):
            olga.get(f"{R}steps/{number}/")
            if any("attest" in form.names for form in olga.page.forms):
                files = {"file": (f"proof-{number}.png", picture(number), "image/png")}
                olga.press("Sign off", needs="attest", attest="on", note="seen and done", files=files)
            elif any(href.endswith("/login/") for href, _ in olga.page.links):
                enter_login(olga)
            elif "audit trail" in olga.text:
                olga.follow("Skip this step").press(
                    "Skip", reason="The plan of this workspace has no audit trail."
                )
        return "Closed" in olga.get(R).text

    until(600, closed, lambda: olga.get(f"{R}checklist/").text)


def test_nothing_of_dan_is_left_but_what_was_kept(segment: Callable[..., Any]) -> None:
    for workspace in segment("GET", "workspaces"):
        found = segment("GET", f"workspaces/{workspace['slug']}/people/{LEAVER_ADDRESS}")
        elsewhere = segment("GET", f"workspaces/{workspace['slug']}/people/{LEAVER_OTHER_ADDRESS}")
        member = found["member"] or elsewhere["member"]
        assert bool(member) == (workspace["name"] in STAYS), workspace["name"]
        assert not found["invited"], workspace["name"]


def test_each_membership_was_removed_with_one_call(segment: Callable[..., Any]) -> None:
    for slug in ("globex-production", "initech-archive", "acme-production", "globex-warehouse"):
        calls = segment("GET", "calls", params={"workspace": slug, "method": "DELETE"})
        removed = [call for call in calls if call["path"].startswith("/users") and call["status"] == 200]
        assert len(removed) == 1, slug


def test_erin_downloads_a_packet_that_proves_itself(people: Callable[[str], Reader], tmp_path: Path) -> None:
    erin = people("erin")
    until(60, lambda: erin.get("/evidence/R-1001/").answer.status_code == 200 and "Sealed" in erin.text)
    answer = erin.client.get("/evidence/R-1001/packet.zip")
    assert answer.status_code == 200
    with zipfile.ZipFile(BytesIO(answer.content)) as outer:
        outer.extractall(tmp_path)
    (tmp_path / "R-1001-packet.zip").write_bytes(answer.content)
    assert all(run(tmp_path, *words) == 0 for words in COMMANDS)
    with zipfile.ZipFile(tmp_path / "R-1001.zip") as bag:
        bag.extractall(tmp_path)
        report = bag.read("R-1001/data/report.pdf")
    assert run(tmp_path, sys.executable, "-m", "bagit", "--validate", "R-1001") == 0
    assert report.startswith(b"%PDF")
    damaged = bytearray(answer.content)
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "R-1001-packet.zip").write_bytes(bytes(damaged))
    assert run(tmp_path, sys.executable, "verify.py", "R-1001-packet.zip") == 1


def test_no_token_is_in_any_log_or_packet(product: Installation, people: Callable[[str], Reader]) -> None:
    tokens = [row["token"].encode() for row in product.described["workspaces"]]
    packet = people("erin").client.get("/evidence/R-1001/packet.zip").content
    written = [packet, *(path.read_bytes() for path in product.folder.glob("*.log"))]
    assert not any(token in data for token in [*tokens, LOGIN.encode()] for data in written)


def test_every_warehouse_within_reach_has_its_new_login(segment: Callable[..., Any]) -> None:
    for slug in ("globex-warehouse", "acme-production", "initech-production"):
        found = segment("GET", f"workspaces/{slug}", params={"parts": "warehouses,credentials"})
        own = [row["settings"] for row in found["warehouses"] if "password" in row["settings"]]
        assert own and all(row["password"] == LOGIN for row in own), slug
        stored = [row["settings"]["authentication"] for row in found["credentials"]]
        assert stored and all(row["privateKey"] == LOGIN for row in stored), slug


def test_a_write_key_is_rotated_though_the_request_is_closed(
    people: Callable[[str], Reader], segment: Callable[..., Any], product: Installation
) -> None:
    def keys() -> set[str]:
        held = segment("GET", "workspaces/acme-analytics", params={"parts": "keys"})["keys"]
        return {key for some in held.values() for key in some}

    olga, add = people("olga"), "Add a new write key to Checkout in Acme Analytics"
    until(60, lambda: "Verified" in step_of(olga, add).text, lambda: olga.text)
    before, step = keys(), int(olga.path.rstrip("/").rpartition("/")[2])
    olga.get(f"{R}steps/{step + 1}/")
    mine = re.search(r'<option value="(\d+)"[^>]*>Olga', olga.answer.text)
    assert mine
    olga.press("Hand over", needs="to", to=mine[1])
    olga.press("Show the new key once")
    olga.press("Confirm", password=PASSWORD)
    olga.press("Show it now")
    (shown,) = [key for key in before if key in olga.answer.text]
    assert shown not in olga.get(f"{R}steps/{step + 1}/").answer.text
    olga.press("Sign off", needs="attest", attest="on")
    until(30, lambda: "Sign off" in olga.get(f"{R}steps/{step + 2}/").text, lambda: olga.text)
    olga.press("Sign off", needs="attest", attest="on")
    until(60, lambda: "Verified" in olga.get(f"{R}steps/{step + 3}/").text, lambda: olga.text)
    assert shown in keys() and len(before - keys()) == 1
    packet = people("erin").client.get("/evidence/R-1001/packet.zip").content
    written = [packet, *(path.read_bytes() for path in product.folder.glob("*.log"))]
    assert not any(key.encode() in data for key in before for data in written)


def test_the_ledger_holds(product: Installation) -> None:
    assert "hold" in product.manage("verify_ledger")


STAYS = {"Acme Sandbox", "Acme Staging", "Initech Beta", "Hooli Production", "Hooli Staging"}
COMMANDS = (
    ("sha256sum", "-c", "R-1001.zip.sha256"),
    ("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "signing-key.pem", "-rawin", "-in", "R-1001.zip.sha256",
     "-sigfile", "R-1001.zip.sha256.sig"),
    (sys.executable, "verify.py", "R-1001-packet.zip"),
)  # fmt: skip


def run(folder: Path, *words: str) -> int:
    return subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def token_of(product: Installation, workspace: str) -> str:
    return str(next(row["token"] for row in product.described["workspaces"] if row["name"] == workspace))


def step_of(reader: Reader, title: str) -> Reader:
    """The page of the first step with this title, found on the checklist."""
    return reader.get(f"{R}checklist/").follow(title)


LOGIN = "walks-the-whole-way-7"


def enter_login(reader: Reader) -> None:
    """What the step asks for: a username, and a password or a private key."""
    reader.follow("Enter the new login")
    if reader.path == "/confirm-identity/":
        reader.press("Confirm", password=PASSWORD)
    form = next(
        form for form in reader.page.forms if "csrfmiddlewaretoken" in form.names and "username" in form.names
    )
    secrets = {name for name in form.names if name == "password" or name.endswith("privateKey")}
    reader.press("Keep it and try it", username="new_loader", **dict.fromkeys(secrets, LOGIN))
    assert "The new login is kept, sealed" in reader.text


def waiting_steps(reader: Reader) -> list[int]:
    """The numbers of the steps that need a person now."""
    reader.get(f"{R}checklist/?show=mine")
    found = (re.search(r"/steps/(\d+)/$", href) for href, _ in reader.page.links)
    return sorted({int(match.group(1)) for match in found if match})
