"""Calls to an OpenID Connect provider: what it says of itself, whether it knows us, and the calls of a sign-in.

Discovery: OpenID Connect Discovery 1.0, section 4. The document must name the issuer that it was asked for (4.3).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from offboarding.gateways.outside import Outside
from offboarding.gateways.wire import Answer, Unclear, Unsent, Wire

WELL_KNOWN = "/.well-known/openid-configuration"
FORM = "application/x-www-form-urlencoded"
MOST = 1_000_000  # bytes of one answer
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class NoAnswer(OSError):
    """The provider cannot be used as it is; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """`keys`: how many signing keys it publishes."""

    issuer: str
    token_endpoint: str
    methods: tuple[str, ...]
    keys: int


def discover(issuer: str, *, simulators: bool = False, deadline: float = 10.0) -> Discovered:
    """Raises NoAnswer. `simulators` also lets a provider on this machine be called."""
    found = fetched(issuer.rstrip("/") + WELL_KNOWN, simulators, deadline)
    if str(found.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise NoAnswer(f"It calls itself {str(found.get('issuer', ''))[:200]}. Write the issuer exactly so.")
    for name in NEEDED:
        if not isinstance(found.get(name), str):
            raise NoAnswer(f"It does not say its {name}.")
    keys = fetched(found["jwks_uri"], simulators, deadline).get("keys")
    if not isinstance(keys, list) or not keys:
        raise NoAnswer("It publishes no keys, so nothing that it signs can be checked.")
    return Discovered(found["issuer"], found["token_endpoint"], methods_of(found), len(keys))


def methods_of(found: Mapping[str, Any]) -> tuple[str, ...]:
    """How its token endpoint is told a secret. Who does not say takes it in the header (Discovery, section 3)."""
    return tuple(map(str, found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]))


def knows_us(
    found: Discovered,
    client_id: str,
    secret: str,
    callback: str,
    *,
    simulators: bool = False,
    deadline: float = 10.0,
) -> bool | None:
    """Does it take our client id and secret? None: its answer does not tell.

    A code that it never gave is sent with them. `invalid_grant` means that we were known and the code was not;
    `invalid_client` that we were not (RFC 6749, section 5.2).
    """
    form = {
        "grant_type": "authorization_code",
        "code": "a-code-that-was-never-given",
        "redirect_uri": callback,
        "code_verifier": "a" * 43,
    }
    headers = {"content-type": FORM, "accept": "application/json"}
    if by_header(found.methods):
        headers["authorization"] = basic(client_id, secret)
    else:
        form |= {"client_id": client_id, "client_secret": secret}
    answer = sent("POST", found.token_endpoint, headers, urlencode(form).encode(), simulators, deadline)
    try:
        error = json.loads(answer.body).get("error")
    except (ValueError, AttributeError):
        return None
    return {"invalid_grant": True, "invalid_client": False, "unauthorized_client": False}.get(error)


def by_header(methods: tuple[str, ...]) -> bool:
    """In the form wherever that is offered."""
    return "client_secret_post" not in methods and "client_secret_basic" in methods


def basic(client_id: str, secret: str) -> str:
    """Each encoded by itself, so that a colon or a sign of another script stands in either (RFC 6749, section 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + b64encode(pair.encode()).decode()


def fetched(url: str, simulators: bool, deadline: float) -> dict[str, Any]:
    answer = sent("GET", url, {"accept": "application/json"}, None, simulators, deadline)
    if answer.status != 200:
        raise NoAnswer(f"{url} answers {answer.status} where its description should be.")
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NoAnswer(f"{url} does not answer with a description in JSON.")
    return found


def sent(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    simulators: bool,
    deadline: float,
    most: int = MOST,
) -> Answer:
    """One call to whatever host the address names: over https, at an address of the public internet. Raises NoAnswer."""
    parts = urlsplit(url)
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    outside = Outside(frozenset({parts.netloc.removesuffix(":443")}), simulators)
    base = f"{parts.scheme}://{parts.netloc}"
    wire = Wire(base, outside=outside, transport=None, deadline=deadline, max_bytes=most)
    try:
        return wire.send(method, target, headers, body)
    except (Unsent, Unclear) as error:
        raise NoAnswer(f"{parts.netloc} cannot be reached: {str(error).rstrip('.')}.") from None
    finally:
        wire.close()


class Session:
    """What django-allauth calls a provider with: as much of `requests.Session` as it uses, over our own wire.

    So these calls have a deadline and a cap too, follow nothing, and reach no address inside.
    """

    def __init__(self, *, simulators: bool = False, deadline: float = 10.0) -> None:
        self.simulators, self.deadline = simulators, deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, url: str, **given: Any) -> Response:
        return self.request("GET", url, **given)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> Response:
        """Raises NoAnswer. `auth` has `username` and `password`."""
        sends = {"accept": "application/json", **(headers or {})}
        if auth is not None:
            sends["authorization"] = basic(auth.username, auth.password)
        if data is not None:
            sends["content-type"] = FORM
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        body = urlencode(data).encode() if data is not None else None
        return Response(sent(method, address, sends, body, self.simulators, self.deadline))


class Response:
    """As much of `requests.Response` as django-allauth reads."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, self.headers = answer.status, {"content-type": "", **answer.headers}
        self.text = answer.body.decode("utf-8", "replace")
        # django-allauth writes it into the text of an error, where nothing that a token endpoint said should stand.
        self.content = b""

    def raise_for_status(self) -> None:
        if self.status_code >= 300:
            raise NoAnswer(f"It answers {self.status_code}.")

    def json(self) -> Any:
        """Raises ValueError."""
        return json.loads(self.text)
