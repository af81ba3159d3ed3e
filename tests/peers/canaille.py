"""canaille, an identity provider of other people's making, in this process on a free port: real pages, real passwords."""

from __future__ import annotations

import datetime
import os
import threading
import uuid
import warnings
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

CLIENT_ID, SECRET, PASSWORD = (
    "offboard-at-canaille",
    "the-secret-that-canaille-knows",
    "a password at canaille",
)


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


class Canaille:
    """`issuer` is its address. People sign in with `page(url).press()` of `tests.journeys.reader`, as in a browser."""

    def __init__(self, callback: str) -> None:
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http on loopback
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from canaille import create_app
            from canaille.app import models
            from canaille.backends import Backend
            from joserfc.jwk import JWKRegistry

            key = JWKRegistry.generate_key("RSA", 2048)
            key.ensure_kid()
            self.server = make_server("127.0.0.1", 0, None, handler_class=Quiet)
            port = self.server.server_address[1]
            self.app = create_app(config=configuration(port, key.as_dict(private=True)))
            self.server.set_app(self.app)
            self.models, self.backend, self.issuer = models, Backend.instance, f"http://127.0.0.1:{port}"
        with self.app.app_context():
            client = models.Client(
                client_id=CLIENT_ID,
                client_secret=SECRET,
                client_name="Offboard",
                redirect_uris=[callback],
                grant_types=["authorization_code"],
                response_types=["code"],
                scope=["openid", "profile", "email"],
                token_endpoint_auth_method="client_secret_post",
                client_id_issued_at=datetime.datetime.now(datetime.UTC),
            )
            self.backend.save(client)
            client.audience = [client]  # or its ID tokens are for nobody
            self.backend.save(client)
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.server.serve_forever(0.01)

    def __enter__(self) -> Canaille:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def add(self, name: str, address: str) -> Any:
        with self.app.app_context():
            user = self.models.User(
                user_name=name,
                family_name=name.title(),
                formatted_name=name.title(),
                emails=[address],
                password=PASSWORD,
            )
            self.backend.save(user)
            return user

    def lock(self, user: Any) -> None:
        with self.app.app_context():
            user.lock_date = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
            self.backend.save(user)


def configuration(port: int, key: dict[str, Any]) -> dict[str, Any]:
    return {
        "TESTING": True,
        "ENV_FILE": None,
        "SECRET_KEY": str(uuid.uuid4()),
        "WTF_CSRF_ENABLED": False,
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "CANAILLE": {
            "DATABASE": "memory",
            "JAVASCRIPT": False,
            "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}},
            "LOGGING": {"version": 1, "disable_existing_loggers": False},
        },
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key]},
    }
