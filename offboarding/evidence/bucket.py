"""Evidence in an S3 bucket with Object Lock: until its last day nobody deletes or changes a file there, ourselves included.

What is asked of S3 stands in Amazon's API reference: PutObject and PutObjectRetention with ObjectLockMode and
RetainUntilDate, GetObjectLockConfiguration, and SHA-256 checksums that S3 computes itself. Credentials come from where
boto3 looks for them: the environment, or the role of the machine. None stands in our settings.
"""

from __future__ import annotations

import io
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from django.utils.deconstruct import deconstructible

from offboarding.evidence.store import EvidenceStorage

T = TypeVar("T")
ABSENT = ("404", "NoSuchKey", "NotFound", "NoSuchVersion")
UNLOCKED = ("NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError")
# Beside the evidence, and none of it: checkpoints of the ledger.
CHECKPOINTS = "checkpoints/"
# Of one call; a body that comes in pieces may take as long as pieces come.
SECONDS = 20
CONFIG = Config(connect_timeout=5, read_timeout=SECONDS, retries={"max_attempts": 2}, proxies={})


@dataclass(frozen=True, slots=True)
class Where:
    """`mode`: COMPLIANCE (nobody shortens) or GOVERNANCE (who has a special right may)."""

    bucket: str
    prefix: str
    mode: str
    region: str | None = None
    endpoint: str | None = None


@deconstructible
class BucketStorage(EvidenceStorage):
    def __init__(self, **where: Any) -> None:
        """What `Where` has. Django hands the settings over by name."""
        self.where = Where(**where)
        self.lock = threading.Lock()

    @cached_property
    def client(self) -> Any:
        """One for all threads of the process; made when it is first needed, since processes fork before."""
        with self.lock:
            session = boto3.session.Session()
            return session.client(
                "s3", region_name=self.where.region, endpoint_url=self.where.endpoint, config=CONFIG
            )

    def place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.where.bucket, "Key": f"{self.where.prefix}{name}"}

    # -------------------------------------------------------- what is kept

    def take(self, temporary: Path, name: str, until: date) -> None:
        if self.holds(name):
            return self.lengthen(name, until)
        with temporary.open("rb") as file:
            told(
                lambda: self.client.put_object(
                    **self.place(name),
                    Body=file,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=spelled(name),
                    ObjectLockMode=self.where.mode,
                    ObjectLockRetainUntilDate=end_of(until),
                )
            )

    def put_checkpoint(self, name: str, line: bytes, until: date) -> bool:
        """Twice is harmless: the first version stays beneath the second."""
        told(
            lambda: self.client.put_object(
                **self.place(CHECKPOINTS + name),
                Body=line,
                ChecksumAlgorithm="SHA256",
                ObjectLockMode=self.where.mode,
                ObjectLockRetainUntilDate=end_of(until),
            )
        )
        return True

    def holds(self, name: str) -> bool:
        """These very bytes, as S3 counted them when they came."""
        try:
            return bool(self.head(name).get("ChecksumSHA256") == spelled(name))
        except FileNotFoundError:
            return False

    def lengthen(self, name: str, until: date) -> None:
        """A lock is never made weaker: neither an earlier day, nor GOVERNANCE after COMPLIANCE."""
        now = self.head(name)
        there = now.get("ObjectLockRetainUntilDate")
        if there and there >= end_of(until):
            return
        mode = "COMPLIANCE" if now.get("ObjectLockMode") == "COMPLIANCE" else self.where.mode
        wanted = {"Mode": mode, "RetainUntilDate": end_of(until)}
        told(lambda: self.client.put_object_retention(**self.place(name), Retention=wanted))

    def delete(self, name: str) -> None:
        """Every version of it, so that the bytes are gone. Raises OSError while the lock holds."""
        wanted = self.place(name)
        pages = self.client.get_paginator("list_object_versions")
        found = pages.paginate(Bucket=wanted["Bucket"], Prefix=wanted["Key"])
        for page in told(lambda: list(found)):
            for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if each["Key"] == wanted["Key"]:
                    self.delete_version(wanted, each["VersionId"])

    def delete_version(self, wanted: dict[str, str], version: str) -> None:
        told(lambda: self.client.delete_object(**wanted, VersionId=version))

    # -------------------------------------------------------- reading

    def raw(self, name: str) -> IO[bytes]:
        body = told(lambda: self.client.get_object(**self.place(name)))["Body"]
        return io.BufferedReader(Body(body), 1 << 20)

    def names(self) -> Iterator[str]:
        """S3 lists keys in the order of their bytes (ListObjectsV2)."""
        pages = self.client.get_paginator("list_objects_v2")
        found = iter(pages.paginate(Bucket=self.where.bucket, Prefix=self.where.prefix))
        while page := told(lambda: next(found, None)):
            found_here = (each["Key"].removeprefix(self.where.prefix) for each in page.get("Contents", ()))
            yield from (name for name in found_here if not name.startswith(CHECKPOINTS))

    def head(self, name: str) -> dict[str, Any]:
        return told(lambda: dict(self.client.head_object(**self.place(name), ChecksumMode="ENABLED")))

    def exists(self, name: str) -> bool:
        try:
            return bool(self.head(name))
        except FileNotFoundError:
            return False

    def size(self, name: str) -> int:
        return int(self.head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        found: datetime = self.head(name)["LastModified"]
        return found

    # -------------------------------------------------------- before the start

    def why_unfit(self) -> str:
        """Why evidence may not be kept in this bucket, in a sentence; empty if it may. Raises OSError if nobody answers."""
        try:
            found = told(lambda: self.client.get_object_lock_configuration(Bucket=self.where.bucket))
        except Unlocked:
            found = {}
        except FileNotFoundError:
            return f"There is no bucket {self.where.bucket}."
        if found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
            return ""
        return (
            f"The bucket {self.where.bucket} has no Object Lock, so files in it could be deleted or changed."
        )


class Unlocked(OSError):
    """The bucket knows no Object Lock."""


def told(ask: Callable[[], T]) -> T:
    """What S3 answers. Every trouble becomes an OSError without the address that was called, nor anything signed."""
    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in ABSENT or code == "NoSuchBucket":
            raise FileNotFoundError(f"the bucket has no such file ({code})") from None
        if code in UNLOCKED:
            raise Unlocked(code) from None
        raise OSError(f"the bucket refused it ({code})") from None
    except (BotoCoreError, HTTPClientError) as error:
        raise OSError(f"the bucket does not answer ({type(error).__name__})") from None


class Body(io.RawIOBase):
    """What S3 sends, as a file: short reads and broken connections are an OSError."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = told(lambda: self.body.read(len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.body.close()
        super().close()


def spelled(sha256: str) -> str:
    """As S3 writes it: base64 of the 32 bytes."""
    return b64encode(bytes.fromhex(sha256)).decode()


def end_of(day: date) -> datetime:
    """The last day counts as a whole, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, UTC)
