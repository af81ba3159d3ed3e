"""oidc-provider-mock, a provider of other people's making, in this process on a free port: any claims for any person.

It takes only clients that it registered, with their secret in the header, and wants a nonce. What it does not do is done by
`tests.peers.openid`, which is ours: untruths, trouble, a code's verifier, when somebody proved who they are, and a refusal on
its page, from which this one sends back without the state (RFC 6749, 4.1.2.1, asks for it).
"""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import make_server

import httpx

from tests.peers.canaille import Quiet


class Mock:
    """`issuer` is its address, `client_id` and `secret` are what it knows us by."""

    def __init__(self, *callbacks: str) -> None:
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http on loopback
        with warnings.catch_warnings():
            import authlib.deprecate  # noqa: F401  (it sets a filter of its own)

            warnings.simplefilter("ignore")  # what authlib is about to drop is imported here
            import oidc_provider_mock
        app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)
        self.server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.callbacks = callbacks
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Mock:
        self.thread.start()
        asked = {"redirect_uris": self.callbacks, "token_endpoint_auth_method": "client_secret_basic"}
        made = httpx.post(f"{self.issuer}/oauth2/clients", json=asked).raise_for_status().json()
        self.client_id, self.secret = made["client_id"], made["client_secret"]
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def signs_in(self, location: str, sub: str, info: dict[str, Any] | None = None) -> str:
        """The person signs in on the page at `location`; `info` is what it says of them, in the token and as user info.

        Gives back the address to which the browser is sent.
        """
        httpx.put(f"{self.issuer}/users/{sub}", json=info or {}).raise_for_status()
        assert httpx.get(location).status_code == 200, "its page"
        there = urlsplit(httpx.post(location, data={"sub": sub}).headers["location"])
        return f"{there.path}?{there.query}"
