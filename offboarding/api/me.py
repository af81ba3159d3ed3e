"""Who a key stands for: the first thing that a program asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from offboarding.api.http import Request, with_key
from offboarding.api.problems import problem
from offboarding.directory.models import Client, Engagement


@with_key("GET", "HEAD")
def me(request: Request) -> HttpResponse:
    """`scopes`: each role of the key that its user holds today, with the client (null: all clients) and
    the engagement (null: the whole client)."""
    holder = request.holder
    scope = request.scope
    slugs = dict(
        Client.objects.filter(pk__in=[each for each in scope.near() if each]).values_list("pk", "slug")
    )
    names = dict(Engagement.objects.filter(pk__in=scope.engagements()).values_list("pk", "name"))
    held: list[tuple[str, str | None, str | None]]
    held = [(role.value, slugs.get(client or 0), None) for role, client in scope.grants]
    held += [(role.value, slugs[client], names[engagement]) for role, client, engagement in scope.parts]
    return JsonResponse(
        {
            "user": {"name": holder.user.name, "email": holder.user.email},
            "key": {
                "name": holder.key.name,
                "prefix": holder.key.prefix,
                "may_write": holder.key.writes,
                "addresses": holder.key.networks,
            },
            "scopes": [
                {"role": role, "client": client, "engagement": engagement}
                for role, client, engagement in sorted(held, key=str)
            ],
            "until": holder.key.ends_on.isoformat(),
        }
    )


def nothing_here(_request: HttpRequest, **_: str) -> HttpResponse:
    return problem(404, "no-such-address", "Nothing is at this address of the API.")
