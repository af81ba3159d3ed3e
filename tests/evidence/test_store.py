"""Evidence: stored once under its digest, or not at all."""

from __future__ import annotations

import hashlib
import stat
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from offboarding.evidence import folder, store
from offboarding.evidence.actions import keep, keep_json
from offboarding.evidence.models import Evidence
from offboarding.lib.refusals import Refused

BYTES = b"what Segment answered"
DAY = date(2033, 3, 31)
DIGEST = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> Path:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    return tmp_path / "evidence"


def named(root: Path) -> list[str]:
    """Files that stand under a digest's name, and leftovers if there are any."""
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_bytes_stand_under_their_digest_and_nobody_may_write_them(root: Path) -> None:
    assert store.put(BytesIO(BYTES), DAY) == (DIGEST, len(BYTES))
    assert named(root) == [DIGEST]
    assert stat.S_IMODE(folder.place_of(DIGEST).stat().st_mode) == 0o440
    with store.open_bytes(DIGEST) as file:
        assert file.read() == BYTES


def test_the_same_bytes_are_stored_once(root: Path) -> None:
    assert store.put(BytesIO(BYTES), DAY) == store.put(BytesIO(BYTES), DAY)
    assert named(root) == [DIGEST]


def test_what_was_spoilt_on_disk_is_healed_by_storing_it_again(root: Path) -> None:
    store.put(BytesIO(BYTES), DAY)
    place = folder.place_of(DIGEST)
    place.chmod(0o640)
    place.write_bytes(b"spoilt")
    store.put(BytesIO(BYTES), DAY)
    assert place.read_bytes() == BYTES


def test_killed_before_the_rename_nothing_has_a_digests_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_given: Any) -> tuple[str, int]:
        raise SystemExit

    monkeypatch.setattr(store, "settle", die)
    with pytest.raises(SystemExit):
        store.put(BytesIO(BYTES), DAY)
    assert DIGEST not in named(root)


class Breaks(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError("the upload broke off")
        return super().read(4)


def test_a_stream_that_breaks_off_leaves_nothing(root: Path) -> None:
    with pytest.raises(Refused) as refusal:
        store.put(Breaks(BYTES), DAY)
    assert refusal.value.code == "store-unavailable"
    assert named(root) == []


def test_bytes_that_read_back_differently_are_not_stored(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = store.sha256_stream
    answers = iter([None, ("0" * 64, 1)])
    monkeypatch.setattr(store, "sha256_stream", lambda file: next(answers) or honest(file))
    with pytest.raises(Refused):
        store.put(BytesIO(BYTES), DAY)


@pytest.mark.django_db
def test_an_unwritable_folder_refuses_and_writes_no_row(
    settings: Any, tmp_path: Path, clients: dict[str, Any]
) -> None:
    (tmp_path / "a file").write_text("in the way")
    settings.EVIDENCE_ROOT = tmp_path / "a file" / "evidence"
    with pytest.raises(Refused) as refusal:
        keep(
            BytesIO(BYTES), name="n", media_type="text/plain", shows="s", source="api", taken_by="x",
            client=clients["Acme"],
        )  # fmt: skip
    assert refusal.value.code == "store-unavailable"
    assert not Evidence.objects.exists()


@pytest.mark.django_db
def test_a_row_says_what_the_bytes_are_and_how_long_they_stay(settings: Any, clients: dict[str, Any]) -> None:
    settings.RETENTION_YEARS = 7
    row = keep_json(
        {"a": [1, "ü"]}, name="n" * 300, shows="s" * 400, taken_by="Offboard", client=clients["Acme"],
        origin="o" * 400,
    )  # fmt: skip
    with store.open_bytes(row.sha256) as file:
        assert len(file.read()) == row.size
    assert (len(row.name), len(row.shows), len(row.origin)) == (200, 300, 300)
    assert 7 * 365 <= (row.keep_until - row.taken_at.date()).days <= 7 * 366
    assert row.client == clients["Acme"]
