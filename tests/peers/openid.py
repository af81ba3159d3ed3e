"""A provider of ours that speaks OpenID Connect, for what `tests.peers.mock` and `tests.peers.canaille` cannot be brought to.

It tells untruths (a token for somebody else, of another time, without a nonce), is in trouble, shows what it was sent, and
says when the person proved who they are.
"""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

CLIENT_ID, SECRET = "offboard", "s3cret-of-the-provider"


@cache
def signing_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """`codes` are the sign-ins that wait to be fetched. `down` answers nothing but 503, and `redirects` sends elsewhere.

    Its page signs in, without a question, who is `at_the_page`: a subject, and what user info says of them.
    """

    client_id, secret = CLIENT_ID, SECRET

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, Any]] = {}
        self.infos: dict[str, dict[str, Any]] = {}
        self.seen: list[dict[str, str]] = []
        self.down = self.redirects = False
        self.at_the_page = ("", dict[str, Any]())
        handler = type("Handler", (Handler,), {"provider": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Provider:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def signs_in(self, location: str, sub: str, info: dict[str, Any] | None = None, **token: Any) -> str:
        """The person signs in on the page at `location`. Gives back the address to which the browser is sent.

        `info` is what user info answers; `token` replaces claims of the ID token, and None takes one away.
        """
        asked = dict(parse_qsl(urlsplit(location).query))
        code, now = f"code-{len(self.codes)}", int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": sub,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
            **token,
        }
        self.codes[code] = {name: value for name, value in claims.items() if value is not None}
        self.infos[code] = {"sub": sub, **(info or {})}
        return f"{urlsplit(asked['redirect_uri']).path}?code={code}&state={asked['state']}"

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key()))
        return {"keys": [{**public, "kid": "1", "alg": "RS256", "use": "sig"}]}

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.seen.append(form)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
            return 401, {"error": "invalid_client"}
        claims = self.codes.pop(form.get("code", ""), None)
        if claims is None:
            return 400, {"error": "invalid_grant"}
        token = jwt.encode(claims, signing_key(), "RS256", headers={"kid": "1"})
        return 200, {"access_token": form["code"], "token_type": "Bearer", "id_token": token}


class Handler(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.path.startswith("/authorize?"):
            return self.sign_in()
        pages = {
            "/.well-known/openid-configuration": self.provider.described,
            "/keys": self.provider.keys,
            "/userinfo": lambda: self.provider.infos[bearer],
        }
        self.answer(200, pages[urlsplit(self.path).path]())

    def sign_in(self) -> None:
        there = f"{self.provider.issuer}{self.path}"
        asked = dict(parse_qsl(urlsplit(there).query))
        sub, info = self.provider.at_the_page
        back = urlsplit(self.provider.signs_in(there, sub, info, auth_time=int(time.time())))
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{back.query}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(*self.provider.token({name: values[0] for name, values in parse_qs(body).items()}))

    def answer(self, status: int, data: dict[str, Any]) -> None:
        if self.provider.down:
            status, data = 503, {}
        if self.provider.redirects:
            status = 302
        body = json.dumps(data).encode()
        self.send_response(status)
        if self.provider.redirects:
            self.send_header("Location", f"{self.provider.issuer}{self.path}")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
