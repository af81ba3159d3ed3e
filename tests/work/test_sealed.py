"""A new sealing key: everything comes under it, at any interruption, beside other writers; and no start without a key in need."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from offboarding.connections.models import Workspace
from offboarding.ledger.models import Entry
from offboarding.lib.sealing import Sealer, new_key
from offboarding.work import sealed

OLD, NEW = new_key(), new_key()
TOKEN = "sgp_" + "k" * 60


@pytest.fixture
def filled(workspace: Callable[..., Any], alice: Any, settings: Any) -> None:
    """Three tokens, an authenticator app and recovery codes, all under the old key."""
    settings.SEALING_KEYS = [OLD]
    for name in ("Acme Production", "Acme Staging", "Globex Production"):
        workspace(name)
    seal = Sealer([OLD]).seal
    Authenticator.objects.create(user=alice, type="totp", data={"secret": seal("JBSWY3DPEHPK3PXP")})
    codes = {"seed": seal("ab" * 40), "used_mask": 3}
    Authenticator.objects.create(user=alice, type="recovery_codes", data=codes)


def rotate(*words: str) -> str:
    told = io.StringIO()
    call_command("rotate_keys", *words, stdout=told)
    return told.getvalue()


def under(key: str) -> int:
    """How many sealed values this key alone opens."""
    return sum(
        Sealer([key]).opens(text)
        for each in sealed.PLACES
        for _, value in sealed.rows(each)
        for text in sealed.texts(value)
    )


@pytest.mark.usefixtures("filled")
def test_everything_comes_under_the_first_key_and_the_old_one_may_go(settings: Any) -> None:
    settings.SEALING_KEYS = [NEW, OLD]
    before = {each.pk: Sealer([OLD]).open(each.sealed_token) for each in Workspace.objects.all()}
    told = rotate()
    assert "Sealed anew: 2 secrets of second factors, 3 tokens of workspaces." in told and "may go" in told
    assert (under(NEW), under(OLD)) == (5, 0)
    settings.SEALING_KEYS = [NEW]
    assert {each.pk: Sealer([NEW]).open(each.sealed_token) for each in Workspace.objects.all()} == before
    assert Authenticator.objects.get(type="recovery_codes").data["used_mask"] == 3
    assert sealed.missing_key() == "" and "nothing, all is under the first key" in rotate()
    entry = Entry.objects.get(event="secrets.resealed")
    assert b'"renewed":{"secrets of second factors":2,"tokens of workspaces":3}' in bytes(entry.body)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("rows", range(5))
def test_killed_after_any_row_it_goes_on(settings: Any, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    settings.SEALING_KEYS = [NEW, OLD]
    whole, left = sealed.swap, [rows]

    def dies(*given: Any) -> int:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return whole(*given)

    monkeypatch.setattr(sealed, "swap", dies)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    assert (under(NEW), under(OLD)) == (rows, 5 - rows) and sealed.missing_key() == ""
    monkeypatch.setattr(sealed, "swap", whole)
    assert "may go" in rotate() and (under(NEW), under(OLD)) == (5, 0)


@pytest.mark.usefixtures("filled")
def test_what_somebody_writes_meanwhile_is_kept_and_comes_under_the_key_too(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token is replaced and a recovery code used between read and write; another process still seals with the old key."""
    settings.SEALING_KEYS = [NEW, OLD]
    whole, once = sealed.swap, {"sealed_token", "data"}

    def beside(place: sealed.Place, pk: Any, old: Any, new: dict[str, Any]) -> int:
        if place.field in once:
            once.remove(place.field)
            if place.field == "sealed_token":
                Workspace.objects.filter(pk=pk).update(sealed_token=Sealer([OLD]).seal(TOKEN))
            else:
                codes = Authenticator.objects.get(type="recovery_codes")
                codes.data["used_mask"] = 7
                codes.save()
        return whole(place, pk, old, new)

    monkeypatch.setattr(sealed, "swap", beside)
    rotate()
    assert (under(NEW), under(OLD)) == (5, 0)
    assert [Sealer([NEW]).open(each.sealed_token) for each in Workspace.objects.all()].count(TOKEN) == 1
    assert Authenticator.objects.get(type="recovery_codes").data["used_mask"] == 7


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("command", ["serve", "engine"])
def test_nothing_starts_without_a_key_that_is_still_needed(settings: Any, command: str) -> None:
    settings.SEALING_KEYS = [NEW]
    with pytest.raises(CommandError) as refusal:
        call_command(command)
    said = str(refusal.value)
    assert (
        "2 secrets of second factors, 3 tokens of workspaces cannot be opened. Put the old key behind" in said
    )
    assert OLD not in said and NEW not in said


@pytest.mark.usefixtures("filled")
def test_what_a_lost_key_had_sealed_is_given_up_on_request_only(settings: Any) -> None:
    settings.SEALING_KEYS = [NEW]
    with pytest.raises(CommandError, match="If the key is lost for good"):
        rotate()
    assert under(OLD) == 5
    assert "Given up: 2 secrets of second factors, 3 tokens of workspaces." in rotate("--give-up")
    assert sealed.missing_key() == "" and {
        Sealer([NEW]).open(each.sealed_token) for each in Workspace.objects.all()
    } == {""}
    assert Sealer([NEW]).open(Authenticator.objects.get(type="totp").data["secret"]) != "JBSWY3DPEHPK3PXP"


def test_every_column_that_is_called_sealed_is_registered() -> None:
    """A new one joins by itself, or this says so."""
    called = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.TextField | models.JSONField) and field.name.startswith("sealed")
    }
    assert called <= {(each.model, each.field) for each in sealed.PLACES}
