"""What `docs/data.md` says of kinds of data: every table has one level, what is sealed is called a secret."""

from __future__ import annotations

import re
from collections import Counter

from django.apps import apps

from offboarding.work import sealed
from tests.house.source import ROOT, listing
from tests.house.test_asvs import TEST

PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
KINDS = PAGE.split("## Kinds\n")[1].split("\n## ")[0]
ROW = re.compile(r"^\| (secret|personal|record|work) \| (.*?) \| (.*?) \|$", re.MULTILINE)
LEVELS = {
    label: (level, says)
    for level, labels, says in ROW.findall(KINDS)
    for label in re.findall(r"`([\w.]+)`", labels)
}
# Fields that say who somebody is, or from where they came.
WHO = {"email", "address", "addresses", "network_address", "ip", "uid", "person_name", "used_from"}


def test_every_table_has_one_level() -> None:
    named = Counter(
        label for _, labels, _ in ROW.findall(KINDS) for label in re.findall(r"`([\w.]+)`", labels)
    )
    tables = {model._meta.label for model in apps.get_models()}
    assert set(named) == tables, listing(sorted(set(named) ^ tables))
    assert max(named.values()) == 1


def test_what_is_sealed_is_a_secret_and_named() -> None:
    assert sealed.PLACES
    for place in sealed.PLACES:
        level, says = LEVELS[place.model._meta.label]
        assert level == "secret" and f"`{place.field}`" in says and "sealed" in says, place.name


def test_what_says_who_somebody_is_is_not_called_work() -> None:
    wrong = [
        label
        for label, (level, says) in LEVELS.items()
        if level == "work"
        and WHO & {field.name for field in apps.get_model(label)._meta.get_fields()}
        and "stay empty" not in says
    ]
    assert not wrong, listing(wrong)


def test_the_tables_that_stay_empty_are_written_by_nobody() -> None:
    from django.conf import settings

    assert settings.ACCOUNT_EMAIL_VERIFICATION == "none" and not settings.SOCIALACCOUNT_STORE_TOKENS
    kept = re.compile(r"(?:SocialApp|SocialToken|EmailConfirmation)\.objects")
    wrong = [
        str(path) for path in (ROOT / "offboarding").rglob("*.py") if kept.search(path.read_text("utf-8"))
    ]
    assert not wrong, listing(wrong)


def test_every_rule_of_values_and_fields_names_a_test() -> None:
    """That each of them exists is looked at with those of `docs/asvs.md`."""
    for title in ("## Values that have to fit together", "## Fields with rules of their own"):
        part = PAGE.split(f"{title}\n")[1].split("\n## ")[0]
        rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
        assert len(rows) > 10 and all(TEST.search(row) for row in rows), title
