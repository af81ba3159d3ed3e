"""Structured log lines, masked: one JSON object a line, whoever wrote it."""

from __future__ import annotations

import logging
from traceback import format_tb
from typing import Any

import structlog

from offboarding.lib.masking import mask_text

DEEPEST = 10  # causes of causes


def mask(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: mask_text(value) if isinstance(value, str) else value for key, value in event.items()}


def way(exc_info: structlog.typing.ExcInfo) -> str:
    """Where an error came from, and of which type it and its causes are; never its text, which may repeat what it was given.

    No mask knows every secret that a library puts into a sentence, nor the name that a database quotes.
    """
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(told) < DEEPEST:
        kind = type(error)
        told.append("".join(format_tb(error.__traceback__)) + f"{kind.__module__}.{kind.__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nafter\n\n".join(told)


SHARED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.ExceptionRenderer(way),
    mask,
]


def formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
