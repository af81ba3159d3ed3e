"""Keeping evidence. The bytes are written before, and outside of, the transaction that names them."""

from __future__ import annotations

import json
from io import BytesIO
from typing import IO, Any

from django.conf import settings

from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import keep_until
from offboarding.work import clock


def keep(
    stream: IO[bytes], *, name: str, media_type: str, shows: str, source: str, taken_by: str, origin: str = ""
) -> Evidence:
    """Store a file and write its row."""
    sha256, size = store.put(stream)
    now = clock.now()
    return Evidence.objects.create(
        sha256=sha256,
        size=size,
        media_type=media_type,
        name=name[:200],
        shows=shows[:300],
        source=source,
        taken_by=taken_by,
        origin=origin[:300],
        taken_at=now,
        keep_until=keep_until(now.date(), settings.RETENTION_YEARS),
    )


def keep_json(value: Any, *, name: str, shows: str, taken_by: str, origin: str) -> Evidence:
    """Store what an API answered, already masked, as JSON that people can read too."""
    return keep(
        BytesIO(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()),
        name=name,
        media_type="application/json",
        shows=shows,
        source=Evidence.Source.API,
        taken_by=taken_by,
        origin=origin,
    )
