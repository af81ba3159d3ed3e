from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.peers import openid

DOMAINS = ["northwind.example"]


@pytest.fixture(scope="session")
def running_provider() -> Iterator[openid.Provider]:
    with openid.Provider() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: openid.Provider) -> openid.Provider:
    running_provider.down = running_provider.redirects = False
    return running_provider


@pytest.fixture
def way(db: None, provider: Any) -> Callable[..., Any]:
    """A provider of sign-in as an administrator left it: `way("Okta", issuer=…)`, switched on."""
    from offboarding.users.models import SignInProvider
    from offboarding.users.sealed import seal

    def make(name: str, **fields: Any) -> Any:
        secret = fields.pop("secret", provider.secret)
        given = {
            "kind": "oidc",
            "slug": name.lower(),
            "is_on": True,
            "domains": DOMAINS,
            "client_id": provider.client_id,
            "sealed_secret": seal(secret),
            **fields,
        }
        return SignInProvider.objects.create(name=name, **given)

    return make


@pytest.fixture
def okta(way: Callable[..., Any], provider: openid.Provider) -> Any:
    return way("Okta", issuer=provider.issuer)


@pytest.fixture
def chief(person: Callable[..., Any]) -> Any:
    """Administers all clients."""
    from offboarding.directory.models import Membership

    user = person("ada")
    Membership.objects.create(user=user, role="administrator")
    return user
