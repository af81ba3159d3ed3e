"""How the Segment Public API looks on the wire: query encodings, envelope, errors, media types.

Source: Segment Public API pages Getting Started, Versioning, Errors, Pagination; for the encodings, what the
official clients were seen to send.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]
KEY = re.compile(r"^([^.\[\]]+)((?:\.[^.\[\]]+|\[[^\[\]]*\])*)$")
PART = re.compile(r"\.([^.\[\]]+)|\[([^\[\]]*)\]")
MEDIA = re.compile(r"^application/vnd\.segment\.(v1|stable|v1beta|beta|v1alpha|alpha)\+json$")
STAGE = {
    "v1": "v1",
    "stable": "v1",
    "v1beta": "v1beta",
    "beta": "v1beta",
    "v1alpha": "v1alpha",
    "alpha": "v1alpha",
}
ANY = ("application/json", "application/*", "*/*")
KINDS = {400: "bad-request", 401: "unauthorized", 403: "forbidden", 404: "not-found", 409: "conflict",
         413: "payload-limit", 422: "input-validation", 429: "rate-limited"}  # fmt: skip


class ApiError(Exception):
    """A refusal in Segment's own form."""

    def __init__(
        self, status: int, message: str, *, field: str | None = None, data: Json | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.data = status, message, field, data
        self.headers: dict[str, str] = {}

    def body(self) -> Json:
        kind = KINDS.get(self.status, "internal-server-error")
        error: Json = {"type": kind, "message": self.message, "status": self.status}
        if self.field:
            error["field"] = self.field
        if self.data is not None:
            error["data"] = self.data
        return {"errors": [error]}


def invalid(name: str, message: str) -> ApiError:
    return ApiError(422, message, field=name)


def not_found(message: str = "Resource not found") -> ApiError:
    return ApiError(404, message)


@dataclass
class Query:
    """The query of one call, whatever way it was written."""

    texts: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, Json] = field(default_factory=dict)

    def array(self, name: str) -> list[str]:
        """The values of a required array: at least one, none empty."""
        values = self.arrays.get(name, [])
        if not values or not all(values):
            raise invalid(name, f"{name} must hold at least one value and no empty one")
        return values


class QueryReader:
    """Reads a query by what an endpoint takes; `strict` takes the dot and bracket forms only."""

    def __init__(
        self, texts: tuple[str, ...], arrays: tuple[str, ...], objects: tuple[str, ...], strict: bool
    ) -> None:
        self._texts, self._arrays, self._objects, self._strict = texts, arrays, objects, strict

    def read(self, raw: str) -> Query:
        query = Query()
        indexed: dict[str, dict[int, str]] = {}
        for key, value in parse_qsl(raw, keep_blank_values=True):
            name, path = split_key(key)
            if name in self._arrays:
                self._array(query, indexed, name, path, value)
            elif name in self._objects:
                self._object(query, name, path, value)
            elif name in self._texts and not path:
                query.texts[name] = value
            elif self._strict:
                raise invalid(key, f"{key} is not a parameter of this endpoint")
        for name, values in indexed.items():
            query.arrays[name] = in_order(name, values)
        return query

    def _array(
        self, query: Query, indexed: dict[str, dict[int, str]], name: str, path: list[str], value: str
    ) -> None:
        if len(path) == 1 and path[0].isdigit():
            indexed.setdefault(name, {})[int(path[0])] = value
            return
        if name not in self._texts:  # one that is also a text may be written as a list with commas
            self._refuse_if_strict(name)
        values = json_value(name, value, list) if value.startswith("[") else self._split(name, value)
        query.arrays.setdefault(name, []).extend(str(one) for one in values)

    def _split(self, name: str, value: str) -> list[str]:
        return value.split(",") if name in self._texts else [value]

    def _object(self, query: Query, name: str, path: list[str], value: str) -> None:
        target = query.objects.setdefault(name, {})
        if len(path) == 1 and path[0]:
            target[path[0]] = value
            return
        self._refuse_if_strict(name)
        target.update(json_value(name, value, dict))

    def _refuse_if_strict(self, name: str) -> None:
        if self._strict:
            raise invalid(name, f"{name} must be written as {name}.0=value, {name}.key=value or in brackets")


def split_key(key: str) -> tuple[str, list[str]]:
    """`a.b.0` and `a[b][0]` both give ("a", ["b", "0"])."""
    found = KEY.match(key)
    if not found:
        return key, []
    return found.group(1), [dotted or bracketed for dotted, bracketed in PART.findall(found.group(2))]


def json_value(name: str, text: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        raise invalid(name, f"{name} is not readable") from None
    if not isinstance(value, kind):
        raise invalid(name, f"{name} has the wrong type")
    return value


def in_order(name: str, values: dict[int, str]) -> list[str]:
    if sorted(values) != list(range(len(values))):
        raise invalid(name, f"{name} must be numbered from 0 without gaps")
    return [values[index] for index in sorted(values)]


def media_type(accept: str, offered: tuple[str, ...]) -> str:
    """The content type of the answer. `offered` is ordered from the most stable version to the least."""
    wanted = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for kind in wanted:
        versioned = MEDIA.match(kind)
        if versioned and STAGE[versioned.group(1)] in offered:
            return f"application/vnd.segment.{STAGE[versioned.group(1)]}+json"
    if not wanted or any(kind in ANY for kind in wanted):
        return f"application/vnd.segment.{offered[0]}+json"
    raise ApiError(
        400, "This endpoint does not exist in the requested version.", data={"offered": list(offered)}
    )


def read_body(raw: bytes) -> Json:
    """The JSON object of a request; an absent body is an empty object."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiError(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError(422, "The request body must be an object.")
    return body


def to_bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
