"""A packet for one address: the code goes by mail, opens once, and the link ends with whoever's right it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from offboarding import logs
from offboarding.directory.models import Membership
from offboarding.ledger.models import Entry, Personal
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet, Share, Visit
from offboarding.packets.shares import actions
from offboarding.packets.shares.queries import open_share
from offboarding.packets.shares.rules import Visitor, why_no_code
from tests.conftest import PASSWORD
from tests.rewriting import rewriting
from tests.web.test_evidence import as_user, body, sealed

__all__ = ["sealed"]
AUDITOR = "auditor@firm.example"
FROM = Visitor("203.0.113.9", "Firefox")
Shared = tuple[Share, str]


@pytest.fixture
def shared(sealed: Any, ada: Any, today: date) -> Shared:
    return actions.make(sealed("Acme Production"), ada, AUDITOR, 7, "code", today)


def link(shared: Shared, path: str = "") -> str:
    return f"/share/{shared[1]}/{path}"


def code_in(message: Any) -> str:
    found = re.search(r"^    (\d{4} \d{4})$", message.body, re.MULTILINE)
    assert found
    return found[1]


def let_in(client: Client, shared: Shared) -> str:
    """Asks for the code, reads the mail, types it."""
    assert client.post(link(shared, "code/")).status_code == 302
    (sent,) = mail.outbox
    mail.outbox.clear()
    assert sent.to == [AUDITOR]
    assert client.post(link(shared, "enter/"), {"code": code_in(sent)}).status_code == 302
    return code_in(sent)


def later(share: Share, **ago: int) -> None:
    """As if all that was done with the link had been done so long ago."""
    with rewriting():
        Visit.objects.update(at=datetime.now(UTC) - timedelta(**ago))
    Share.objects.filter(pk=share.pk).exclude(code_at=None).update(
        code_at=datetime.now(UTC) - timedelta(**ago)
    )


def events(shared: Shared) -> list[str]:
    return list(
        Entry.objects.filter(event__startswith="share.").order_by("seq").values_list("event", flat=True)
    )


# ---------------------------------------------------------------- for whom it is


def test_the_code_opens_this_packet_and_nothing_else(client: Client, shared: Shared) -> None:
    packet = shared[0].packet
    before = client.get(link(shared))
    assert "Dan" not in before.content.decode() and AUDITOR not in before.content.decode()
    assert client.get(link(shared, "packet.zip")).status_code == 302, "not before the code"
    let_in(client, shared)
    answer = client.get(link(shared))
    page = answer.content.decode()
    assert packet.sha256 in page and "tokens 0.png" in page and "<nav" not in page
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex, nofollow, noarchive")
    assert 'href="/evidence' not in page and 'href="/requests' not in page
    taken = client.get(link(shared, "packet.zip"))
    assert len(body(taken)) == packet.size
    assert client.get("/evidence/R-1001/").status_code == 302, "which is the sign-in"
    assert events(shared) == ["share.made", "share.code_asked", "share.opened", "share.downloaded"]


def test_a_code_opens_once_and_in_no_other_browser(client: Client, shared: Shared) -> None:
    code = let_in(client, shared)
    other = Client()
    assert "Send the code" in other.get(link(shared)).content.decode()
    refused = other.post(link(shared, "enter/"), {"code": code})
    assert refused.status_code == 422 and "This is not the code" in refused.content.decode()
    forged = Client()
    forged.cookies["share"] = str(shared[0].pk)
    assert "tokens 0.png" not in forged.get(link(shared)).content.decode()


def test_one_share_opens_no_other(client: Client, shared: Shared, ada: Any, today: date) -> None:
    other = actions.make(shared[0].packet, ada, "second@firm.example", 7, "code", today)
    let_in(client, shared)
    client.cookies["share"]["path"] = "/"
    assert "tokens 0.png" not in client.get(link(other)).content.decode()


def test_after_a_refusal_the_right_code_still_opens(client: Client, shared: Shared) -> None:
    client.post(link(shared, "code/"))
    code = code_in(mail.outbox[0])
    for refused in (client.post(link(shared, "code/")), client.post(link(shared, "enter/"), {"code": "1"})):
        actions = re.findall(r'<form method="post" action="([^"]+)"', refused.content.decode())
        assert actions == [link(shared, "enter/"), link(shared, "code/")], refused.status_code
    assert client.post(actions[0], {"code": code}).status_code == 302


def test_a_code_that_is_old_or_was_replaced_opens_nothing(client: Client, shared: Shared) -> None:
    first = actions.ask_code(shared[0], FROM)
    later(shared[0], minutes=2)
    second = actions.ask_code(shared[0], FROM)
    for code, minutes in ((first, 0), (second, 11)):
        later(shared[0], minutes=minutes)
        with pytest.raises(Refused, match="not the code"):
            actions.open_with(shared[0], code, FROM)


def test_wrong_codes_stay_counted_and_too_many_end_the_share(shared: Shared, today: date) -> None:
    code = actions.ask_code(shared[0], FROM)
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    for _ in range(5):
        with pytest.raises(Refused):
            actions.open_with(shared[0], wrong, FROM)
    with pytest.raises(Refused):
        actions.open_with(shared[0], code, FROM)  # five wrong ones used it up
    Share.objects.update(wrong=29)
    with pytest.raises(Refused):
        actions.open_with(shared[0], wrong, FROM)
    share = Share.objects.get()
    assert (share.ended_because, share.ended_by) == ("too many wrong codes", None)
    assert open_share(shared[1], datetime.now(UTC), today) is None


def test_codes_are_sent_once_a_minute_and_ten_times_a_day() -> None:
    now = datetime.now(UTC)
    assert why_no_code(now, None, 0) == "" == why_no_code(now, now - timedelta(minutes=1), 9)
    assert "less than a minute" in why_no_code(now, now - timedelta(seconds=59), 1)
    assert "within a day" in why_no_code(now, now - timedelta(hours=1), 10)


def test_a_second_code_within_a_minute_is_refused_in_a_sentence(client: Client, shared: Shared) -> None:
    client.post(link(shared, "code/"))
    answer = client.post(link(shared, "code/"))
    assert answer.status_code == 409 and "less than a minute ago" in answer.content.decode()
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_away_is_told(client: Client, shared: Shared, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9,
    )  # fmt: skip
    answer = client.post(link(shared, "code/"))
    assert answer.status_code == 409 and "could not be sent" in answer.content.decode()


# ---------------------------------------------------------------- when it ends


ENDS: list[tuple[str, Callable[[Share], Any]]] = [
    ("its time is over", lambda share: Share.objects.update(until=datetime.now(UTC))),
    ("whoever made it lost the role", lambda share: Membership.objects.filter(user=share.made_by).delete()),
    ("whoever made it does not sign in here any more",
     lambda share: type(share.made_by).objects.filter(pk=share.made_by_id).update(is_active=False)),
]  # fmt: skip


def test_it_stands_no_longer_than_its_time_and_its_makers_right(client: Client, shared: Shared) -> None:
    """Each of these alone closes it, also for a browser that is inside."""
    from django.db import transaction

    let_in(client, shared)
    for why, change in ENDS:
        with transaction.atomic():
            change(shared[0])
            assert client.get(link(shared)).status_code == 404, why
            assert client.get(link(shared, "packet.zip")).status_code == 404, why
            assert client.post(link(shared, "code/")).status_code == 404, why
            transaction.set_rollback(True)
    assert client.get(link(shared)).status_code == 200
    assert client.get("/share/" + "x" * 43 + "/").status_code == 404


def test_ending_takes_a_reason_and_holds_at_once(client: Client, shared: Shared, ada: Any) -> None:
    inside = Client()
    let_in(inside, shared)
    as_user(client, ada)
    url = f"/evidence/R-1001/share/{shared[0].pk}/end/"
    assert "opens nothing from now on" in client.get(url).content.decode()
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "the audit is over"}).status_code == 302
    assert inside.get(link(shared)).status_code == 404
    assert client.post(url, {"reason": "again"}).status_code == 404
    assert events(shared)[-1] == "share.ended"


# ---------------------------------------------------------------- who makes one


def test_only_a_role_that_shares_and_a_fresh_proof_make_one(
    client: Client, sealed: Any, ada: Any, erin: Any, carol: Any, bob: Any
) -> None:
    sealed("Acme Production")
    for user in (erin, carol, bob):
        as_user(client, user)
        assert client.get("/evidence/R-1001/share/").status_code == 404
        assert (
            client.post("/evidence/R-1001/share/new/", {"address": AUDITOR, "days": "7"}).status_code == 404
        )
    answer = as_user(client, ada).post("/evidence/R-1001/share/new/", {"address": AUDITOR, "days": "7"})
    assert answer.status_code == 302 and "confirm-identity" in answer["Location"], "no proof yet"
    assert not Share.objects.exists()


def test_what_was_typed_is_still_there_after_the_proof(client: Client, sealed: Any, ada: Any) -> None:
    sealed("Acme Production")
    as_user(client, ada)
    away = client.post("/evidence/R-1001/share/new/", {"address": AUDITOR, "days": "3"})
    client.post(away["Location"], {"password": PASSWORD})
    page = client.get("/evidence/R-1001/share/").content.decode()
    assert f'value="{AUDITOR}"' in page and 'value="3"' in page
    assert "Nothing is shared yet" in page
    made = client.post("/evidence/R-1001/share/new/", {"address": AUDITOR, "days": "3"})
    assert "The link" in made.content.decode() and Share.objects.get().address == AUDITOR
    after = client.get("/evidence/R-1001/share/").content.decode()
    assert f'value="{AUDITOR}"' not in after and "Nothing is shared yet" not in after


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"address": "no address"}, "Enter an e-mail address"),
    ({"address": "dan@northwind.example"}, "about the person"),
    ({"days": 31}, "Choose from 1 to 30 days"),
    ({"days": 0}, "Choose from 1 to 30 days"),
]


def test_what_may_not_be_shared_is_refused_with_its_reason(sealed: Any, ada: Any, today: date) -> None:
    packet = sealed("Acme Production")
    for changed, says in REFUSALS:
        given: dict[str, Any] = {"address": AUDITOR, "days": 7, **changed}
        with pytest.raises(Refused, match=says):
            actions.make(packet, ada, given["address"], given["days"], "code", today)
    assert not Share.objects.exists()


def test_the_same_address_has_one_link_at_a_time(shared: Shared, ada: Any, today: date) -> None:
    packet = Packet.objects.get()
    with pytest.raises(Refused, match="already"):
        actions.make(packet, ada, AUDITOR.upper(), 7, "code", today)
    Share.objects.update(until=datetime.now(UTC))
    actions.make(packet, ada, AUDITOR, 7, "code", today)
    assert events(shared)[-2:] == ["share.ended", "share.made"], "the one that ran out ends first"


def test_the_page_shows_the_link_once_and_the_log(
    client: Client, sealed: Any, ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed("Acme Production")
    monkeypatch.setattr("offboarding.web.evidence.shares.proved_since", lambda *_: "code")
    as_user(client, ada)
    made = client.post("/evidence/R-1001/share/new/", {"address": AUDITOR, "days": "3"}).content.decode()
    token = re.search(r"/share/([\w-]{43})/", made)
    assert token and f"/share/{token[1]}/" not in client.get("/evidence/R-1001/share/").content.decode()
    let_in(
        Client(REMOTE_ADDR="203.0.113.9", headers={"user-agent": "Firefox"}), (Share.objects.get(), token[1])
    )
    page = client.get("/evidence/R-1001/share/").content.decode()
    assert "Opened once" in page and "203.0.113.9, Firefox" in page and AUDITOR in page


# ---------------------------------------------------------------- what is kept


def test_neither_link_nor_code_is_kept_or_logged(
    client: Client, shared: Shared, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    code = let_in(client, shared)
    client.get(link(shared))
    Share.objects.update(until=datetime.now(UTC))
    client.get(link(shared))
    strange = Client(enforce_csrf_checks=True)
    strange.post(link(shared, "code/"))
    kept = [bytes(each.body).decode() for each in Entry.objects.all()]
    kept += [each.value for each in Personal.objects.all()]
    kept += [str(row) for model in (Share, Visit) for row in model._default_manager.values()]
    lines = logs.formatter()
    kept += [lines.format(each) for each in caplog.records if not each.name.startswith("django.db")]
    for secret in (shared[1], code, code.replace(" ", "")):
        assert not [text for text in kept if secret in text]
    assert shared[0].token_sha256 in "".join(kept)
