"""Who a key stands for: the first thing that a program asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from offboarding.api.http import Request, with_key
from offboarding.api.problems import problem
from offboarding.directory.models import Client


@with_key("GET", "HEAD")
def me(request: Request) -> HttpResponse:
    """`scopes`: each role of the key that its user holds today, with the client (null: all clients)."""
    holder = request.holder
    names = dict(Client.objects.filter(pk__in=request.scope.clients()).values_list("pk", "slug"))
    grants = sorted((role.value, names.get(client or 0)) for role, client in request.scope.grants)
    return JsonResponse(
        {
            "user": {"name": holder.user.name, "email": holder.user.email},
            "key": {
                "name": holder.key.name,
                "prefix": holder.key.prefix,
                "may_write": holder.key.writes,
                "addresses": holder.key.networks,
            },
            "scopes": [{"role": role, "client": client} for role, client in grants],
            "until": holder.key.ends_on.isoformat(),
        }
    )


def nothing_here(_request: HttpRequest, **_: str) -> HttpResponse:
    return problem(404, "no-such-address", "Nothing is at this address of the API.")
