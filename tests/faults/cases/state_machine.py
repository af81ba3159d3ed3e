"""Random walks over a request, its approval and its steps, with workers that die, judged by a small model of its own.

The model (`tests/faults/moves.py`) says which moves are allowed in which situation. Each allowed one has to go through, each
other one has to be refused without a trace. First every situation is visited on purpose; then walks are drawn by Hypothesis
from the seed, and a failing one is printed as short as it gets.
"""

from __future__ import annotations

from django.conf import settings as product
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from offboarding.directory.models import Client, Membership
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.faults import crew, moves, worlds
from tests.faults.case import Case, Given, Measured
from tests.faults.segment import Json
from tests.faults.tour import deaths, tour
from tests.faults.walk import DAN, PLACES, Tally, Walk

TURN = 18  # moments at which a removal's turn can die, or so
DEATHS = 20  # a whole run with fewer shows nothing about crashes


def place(slug: str) -> Json:
    members = [worlds.owner(slug, number) for number in range(2)]
    dan = {"email": DAN, "name": "Dan Reyes", "permissions": ["Source Read-only"]}
    return {
        "name": slug.replace("-", " ").title(),
        "slug": slug,
        "client": "Acme",
        "environment": "Staging",
        "region": "US",
        "members": [*members, dan],
        "sources": [],
    }


def workspaces(_long: bool) -> Json:
    """Two places of one client, and one workspace for each other client of the cast."""
    others = [
        {
            "name": f"{name} Production",
            "client": name,
            "members": [worlds.owner(name.lower(), 0)],
            "sources": [],
        }
        for name in ("Globex", "Initech", "Hooli")
    ]
    return {"name": "walk", "workspaces": [*(place(slug) for slug in PLACES), *others]}


def cast() -> None:
    """Whoever must not decide could: only what separates duties stands between them and the decision."""
    dan = User.objects.create_user(DAN, "Dan Reyes", "correct horse battery")
    more = {"alice": (Role.APPROVER,), "sam": (Role.APPROVER,)}
    for client in Client.objects.exclude(name="Hooli"):
        for name, roles in more.items():
            for role in roles:
                Membership.objects.get_or_create(user=crew.user(name), client=client, role=role.value)
        for role in (Role.APPROVER, Role.OPERATOR):
            Membership.objects.get_or_create(user=dan, client=client, role=role.value)


def drawn(given: Given) -> settings:
    return settings(
        max_examples=given.size(120, 5),
        stateful_step_count=given.size(40, 12),
        deadline=None,
        database=None,
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


def untried(tally: Tally) -> list[str]:
    allowed, forbidden = moves.cells()
    left = [f"never done: {move} while {where}" for move, where in sorted(allowed - set(tally.allowed))]
    return left + [
        f"never tried: {move} while {where}" for move, where in sorted(forbidden - set(tally.refused))
    ]


def run(given: Given) -> Measured:
    product.MANY_PLACES, product.MANY_PLACES_APPROVERS = 1, 2
    cast()
    crew.look([DAN], PLACES)
    given.world.keep("empty")
    tally = Tally()
    Walk.world, Walk.tally = given.world, tally
    faults = tour() if given.long else []
    faults += deaths(range(TURN) if given.long else given.dice.sample(range(TURN), 2))
    try:
        run_state_machine_as_test(seed(given.seed)(Walk), settings=drawn(given))
    except Exception as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        faults.append(f"{type(error).__name__}: {error}\n{notes}")
    allowed, forbidden = moves.cells()
    if given.long:
        faults += untried(tally)
        faults += [f"only {tally.deaths} kill -9: too few to say anything"] if tally.deaths < DEATHS else []
    return Measured(
        f"{tally.walks} walks over request, approval and steps, to each situation and then at random; {tally.steps} random moves,"
        f" {tally.deaths} kill -9,"
        f" {tally.stale} stale writers",
        f"{len(allowed & set(tally.allowed))} of {len(allowed)} allowed moves went through"
        f" ({tally.allowed.total()} times), {len(forbidden & set(tally.refused))} of {len(forbidden)} forbidden ones were"
        f" refused without a trace ({tally.noes} times)",
        faults,
    )


CASE = Case(
    14,
    "random walks over request, approval and steps, against a model of its own",
    run,
    workspaces=workspaces,
)
