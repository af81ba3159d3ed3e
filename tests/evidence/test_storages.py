"""What every storage of evidence promises: the same tests over a folder, and over a bucket of moto's S3."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from offboarding.evidence import checkpoints, store
from offboarding.evidence.bucket import BucketStorage, end_of
from offboarding.evidence.folder import FolderStorage
from offboarding.evidence.store import EvidenceStorage
from offboarding.ledger import outside
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint
from offboarding.lib.refusals import Refused

DAY = date(2033, 3, 31)
BYTES = b"what Segment answered"
DIGEST = hashlib.sha256(BYTES).hexdigest()
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
NEVER = "0" * 64


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """An S3 that is not ours, on a free port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def nobodys_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    logging.getLogger("werkzeug").setLevel("ERROR")
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "tests")


@pytest.fixture(scope="session")
def region(s3: str) -> str:
    """With a bucket that has Object Lock, and one that has none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CREDENTIALS:
            patch.setenv(name, "tests")
        for name in ("locked", "unlocked"):
            client = at(s3, name, "").client
            client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=name == "locked")
    return s3


def at(s3: str, bucket: str, prefix: str, mode: str = "COMPLIANCE") -> BucketStorage:
    return BucketStorage(bucket=bucket, prefix=prefix, mode=mode, region="us-east-1", endpoint=s3)


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: Any) -> EvidenceStorage:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"
    made: EvidenceStorage = FolderStorage()
    if request.param == "bucket":
        made = at(request.getfixturevalue("region"), "locked", f"{tmp_path.name}/")
    monkeypatch.setattr(store, "storage", lambda: made)
    return made


def put(data: bytes = BYTES, until: date = DAY) -> str:
    return store.put(BytesIO(data), until)[0]


def test_bytes_come_back_as_they_were(kept: EvidenceStorage) -> None:
    assert store.put(BytesIO(BYTES), DAY) == (DIGEST, len(BYTES))
    with store.open_bytes(DIGEST) as file:
        assert (file.read(4), file.read()) == (BYTES[:4], BYTES[4:])
    with kept.open(DIGEST) as file:
        assert file.read() == BYTES
    assert kept.exists(DIGEST) and kept.size(DIGEST) == len(BYTES)
    assert abs(kept.get_modified_time(DIGEST) - datetime.now(UTC)) < timedelta(minutes=5)


def test_the_same_bytes_are_kept_once_and_no_temporary_file_stays(kept: EvidenceStorage) -> None:
    put(), put()
    assert list(kept.names()) == [DIGEST]
    assert not list(kept.incoming().glob("incoming-*"))


def test_names_are_sorted_and_complete(kept: EvidenceStorage) -> None:
    wanted = sorted(put(bytes([n])) for n in range(20))
    assert list(kept.names()) == wanted


def test_what_is_not_there_is_told(kept: EvidenceStorage) -> None:
    kept.incoming().mkdir(exist_ok=True)
    assert not kept.exists(NEVER) and list(kept.names()) == []
    for ask in (kept.raw, kept.size, kept.get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask(NEVER)


def test_what_may_go_goes_and_going_twice_is_no_trouble(kept: EvidenceStorage) -> None:
    name = put(until=date(2020, 1, 1))
    kept.delete(name)
    kept.delete(name)
    assert not kept.exists(name) and list(kept.names()) == []


def test_a_stream_that_breaks_off_leaves_nothing(kept: EvidenceStorage) -> None:
    class Breaks(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the upload broke off")
            return super().read(4)

    with pytest.raises(Refused):
        store.put(Breaks(BYTES), DAY)
    assert list(kept.names()) == [] and not list(kept.incoming().glob("incoming-*"))


def test_bytes_that_read_back_differently_are_not_stored(kept: EvidenceStorage, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(kept), "raw", lambda _self, _name: BytesIO(b"spoilt"))
    with pytest.raises(Refused) as refusal:
        put()
    assert refusal.value.facts["why"] == "the bytes read back differ"


def test_memory_does_not_grow_with_the_size(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path

    class Long:
        left = 48 << 20

        def read(self, size: int) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    import tracemalloc

    tracemalloc.start()
    _name, size = store.put(Long(), DAY)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 48 << 20
    assert peak < 20 << 20


# ---------------------------------------------------------------- Object Lock


def lock_of(kept: BucketStorage, name: str = DIGEST) -> tuple[str, datetime]:
    found = kept.head(name)
    return found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]


@pytest.fixture
def locked(region: str, tmp_path: Path, settings: Any, monkeypatch: Any) -> BucketStorage:
    settings.EVIDENCE_ROOT = tmp_path
    made = at(region, "locked", f"{tmp_path.name}/", "GOVERNANCE")
    monkeypatch.setattr(store, "storage", lambda: made)
    return made


def test_each_file_is_locked_until_its_last_day_is_over(locked: BucketStorage) -> None:
    put()
    assert lock_of(locked) == ("GOVERNANCE", datetime(2033, 4, 1, tzinfo=UTC))


def test_a_lock_grows_and_is_never_made_shorter_or_weaker(locked: BucketStorage) -> None:
    put()
    later = DAY + timedelta(days=365)
    locked.lengthen(DIGEST, later)
    put(until=DAY)
    locked.lengthen(DIGEST, DAY)
    assert lock_of(locked) == ("GOVERNANCE", end_of(later))
    strict = BucketStorage(**{**asdict(locked.where), "mode": "COMPLIANCE"})
    strict.lengthen(DIGEST, later + timedelta(days=1))
    locked.lengthen(DIGEST, later + timedelta(days=2))
    assert lock_of(locked) == ("COMPLIANCE", end_of(later + timedelta(days=2)))


def test_the_bucket_keeps_what_is_locked_whatever_we_ask(locked: BucketStorage) -> None:
    put(until=date.today() + timedelta(days=9))
    with pytest.raises(OSError, match="the bucket refused it"):
        locked.delete(DIGEST)
    assert locked.exists(DIGEST)


def test_a_bucket_without_object_lock_is_refused_in_a_sentence(region: str, locked: BucketStorage) -> None:
    assert locked.why_unfit() == ""
    assert "has no Object Lock" in at(region, "unlocked", "").why_unfit()
    assert at(region, "nowhere", "").why_unfit() == "There is no bucket nowhere."


def test_the_start_is_refused_where_the_bucket_keeps_nothing(region: str, monkeypatch: Any) -> None:
    from offboarding import checks

    said = {}
    for name in ("locked", "unlocked", "nowhere"):
        monkeypatch.setattr(checks, "storage", lambda name=name: at(region, name, ""))
        said[name] = [each.id for each in checks.evidence_is_kept_by_the_bucket(None)]
    assert said == {"locked": [], "unlocked": ["offboarding.E005"], "nowhere": ["offboarding.E005"]}
    monkeypatch.setattr(checks, "storage", lambda: at("http://127.0.0.1:9", "away", ""))
    (warned,) = checks.evidence_is_kept_by_the_bucket(None)
    assert warned.id == "offboarding.W005"


def test_a_bucket_that_does_not_answer_stores_nothing(
    tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    settings.EVIDENCE_ROOT = tmp_path
    away = at("http://127.0.0.1:9", "away", "")
    monkeypatch.setattr(store, "storage", lambda: away)
    with pytest.raises(Refused) as refusal:
        put()
    assert "the bucket does not answer" in refusal.value.facts["why"]
    assert "127.0.0.1" not in str(refusal.value.facts)


# ---------------------------------------------------------------- checkpoints of the ledger


@pytest.fixture
def signed(db: None, settings: Any, tmp_path: Path) -> Checkpoint:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP)
    made = checkpoint()
    assert made
    return made


def test_a_checkpoint_goes_into_the_bucket_locked_and_is_no_evidence(
    locked: BucketStorage, signed: Checkpoint, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(checkpoints, "storage", lambda: locked)
    outside.deliver_newest()
    outside.deliver_newest()
    assert [each.place for each in signed.deliveries.all()] == ["bucket"]
    name = "checkpoints/000000000001.jsonl"
    mode, until = lock_of(locked, name)
    assert mode == "GOVERNANCE" and until - datetime.now(UTC) > timedelta(days=7 * 365)
    with pytest.raises(OSError, match="the bucket refused it"):
        locked.delete(name)
    assert name not in list(locked.names()), (
        "the walk over the evidence does not take it for a file of unknown origin"
    )
    kept = tmp_path / "from the bucket.jsonl"
    with locked.raw(name) as line:
        kept.write_bytes(line.read())
    told = StringIO()
    call_command("verify_ledger", checkpoint=[kept], stdout=told)
    assert "1 checkpoints from outside hold too." in told.getvalue()


def test_a_bucket_that_is_away_gets_its_checkpoint_later(
    locked: BucketStorage, signed: Checkpoint, monkeypatch: Any
) -> None:
    away = at("http://127.0.0.1:9", "locked", "")
    for kept, places in ((away, []), (locked, ["bucket"])):
        monkeypatch.setattr(checkpoints, "storage", lambda kept=kept: kept)
        outside.deliver_newest()
        assert [each.place for each in signed.deliveries.all()] == places


def test_beside_a_folder_no_checkpoint_is_kept(signed: Checkpoint) -> None:
    outside.deliver_newest()
    assert not signed.deliveries.exists()
