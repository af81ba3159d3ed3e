"""From what was found to what will be done: a line appears only where something calls for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from offboarding.checklist.book import playbook
from offboarding.checklist.lines import lines
from offboarding.checklist.queries import SHIPPED, shipped_playbook
from offboarding.checklist.risks import may_break, not_known
from offboarding.checklist.rules import Found, Kind, Phase, Subject, planned, refuses_reduction
from offboarding.checklist.spreads import CONDITIONS, SPREADS
from offboarding.discovery.holdings import Sort, holdings
from offboarding.discovery.rules import (
    Account,
    Held,
    Outcome,
    Owners,
    Reach,
    Sighting,
    SourceKeys,
    Thing,
    unknown,
)
from offboarding.removals.rules import Choice

WHOLE = (("WORKSPACE", "w1"),)
ADMIN, OWNER = Held("r1", "Source Admin", WHOLE), Held("r2", "Workspace Owner", WHOLE)
DAN = Account("u1", "dan@northwind.example", "Dan", (ADMIN,))
MEMBER = Sighting(Outcome.MEMBER, (DAN,))
SUBJECT = Subject("R-1001", "Dan Reyes", ("dan@northwind.example", "dan.reyes@mail.example"))
HERE = Found(
    workspace_id=1, workspace="Acme Production", client="Acme", environment="production", region="us",
    managed_by="hand", provider_group="", choice=Choice.REMOVE, until=None, reason="", seen=MEMBER,
)  # fmt: skip


def found(**changes: Any) -> Found:
    return replace(HERE, **changes)


def having(**reach: Any) -> Found:
    return found(seen=replace(MEMBER, reach=Reach(**reach)))


def codes(*places: Found) -> list[str]:
    return [line.code for line in lines(shipped_playbook(), SUBJECT, places)]


KEPT = found(choice=Choice.KEEP, reason="hand-over")
STAYS = "dan.reyes@mail.example"
MERGED = found(stays=STAYS, staying=Sighting(Outcome.ABSENT))
OVER_ALREADY = found(stays=STAYS, staying=replace(MEMBER, accounts=(replace(DAN, id="u2", email=STAYS),)))
READ_ONLY = found(choice=Choice.DOWNGRADE, until=date(2026, 4, 30))
INVITED = found(seen=Sighting(Outcome.INVITED, invitations=("dan@northwind.example",)))
ABSENT = found(seen=Sighting(Outcome.ABSENT))
UNREAD = found(seen=unknown("The token was refused."))
GROUPED = Sighting(Outcome.MEMBER, (replace(DAN, groups=(("g1", "Admins"),)),))
REDUCED = found(
    choice=Choice.REDUCE,
    seen=GROUPED,
    taken=frozenset(each.key for each in holdings(GROUPED) if each.sort is Sort.GROUP),
)
THING = (Thing("t1", "Clean addresses"),)
SHARED = (Thing("t1", "Snowflake", through="Snowflake loader"),)

KEYS = (SourceKeys("s1", "Checkout", ("k1", "k2"), 3), SourceKeys("s2", "Website", ("k3",)))

# condition: places where it holds, places where it does not
HOLDS: dict[str, tuple[list[Found], list[Found]]] = {
    "always": ([HERE, KEPT, INVITED, ABSENT, UNREAD], []),
    "member": ([HERE, READ_ONLY], [KEPT, INVITED, ABSENT, UNREAD]),
    "member_or_unknown": ([HERE, READ_ONLY, UNREAD], [KEPT, INVITED, ABSENT]),
    "changes": ([HERE, READ_ONLY, INVITED, ABSENT, UNREAD], [KEPT]),
    "removed_by_us": ([HERE, READ_ONLY, INVITED], [KEPT, ABSENT, UNREAD]),
    "remove": ([HERE, ABSENT, UNREAD], [KEPT, READ_ONLY, INVITED]),
    "downgrade": ([READ_ONLY], [HERE, KEPT]),
    "restore": ([found(choice=Choice.RESTORE)], [HERE, KEPT, READ_ONLY]),
    "leaving": ([HERE, READ_ONLY, INVITED, ABSENT, UNREAD], [KEPT, REDUCED]),
    "leaving_member": ([HERE, READ_ONLY], [KEPT, REDUCED, INVITED, ABSENT, UNREAD]),
    "reduce": ([REDUCED], [HERE, KEPT, READ_ONLY]),
    "remove_member": ([HERE], [KEPT, READ_ONLY, INVITED, REDUCED]),
    "by_invitation": ([HERE], [KEPT, READ_ONLY, found(managed_by="scim")]),
    "by_provider": ([found(managed_by="scim")], [HERE, KEPT, INVITED]),
    "looked_after": ([HERE, REDUCED, ABSENT], [KEPT, READ_ONLY, INVITED]),
    "scim": (
        [found(managed_by="scim")],
        [
            HERE,
            found(managed_by="sso"),
            replace(KEPT, managed_by="scim"),
            replace(REDUCED, managed_by="scim"),
        ],
    ),
    "scim_groups": ([replace(REDUCED, managed_by="scim")], [REDUCED, found(managed_by="scim")]),
    "managed": (
        [found(managed_by="scim"), found(managed_by="sso")],
        [HERE, replace(REDUCED, managed_by="sso")],
    ),
    "sign_in_unknown": (
        [found(managed_by="unknown"), replace(REDUCED, managed_by="unknown")],
        [HERE, replace(KEPT, managed_by="unknown"), REDUCED],
    ),
    "owner_of_managed": (
        [found(managed_by="sso", seen=Sighting(Outcome.MEMBER, (replace(DAN, roles=(OWNER,)),)))],
        [found(managed_by="sso"), found(seen=Sighting(Outcome.MEMBER, (replace(DAN, roles=(OWNER,)),)))],
    ),
    "gives": (
        [MERGED],
        [HERE, OVER_ALREADY, replace(MERGED, managed_by="scim"), replace(MERGED, choice=Choice.KEEP)],
    ),
    "gives_by_provider": (
        [replace(MERGED, managed_by="scim")],
        [MERGED, HERE, replace(OVER_ALREADY, managed_by="scim")],
    ),
    "gives_by_hand": (
        [replace(MERGED, seen=UNREAD.seen, staying=UNREAD.seen), replace(MERGED, seen=INVITED.seen)],
        [MERGED, HERE, UNREAD, replace(OVER_ALREADY, seen=INVITED.seen)],
    ),
    "takes_over": ([MERGED, OVER_ALREADY], [HERE, UNREAD, replace(MERGED, seen=INVITED.seen)]),
    "tracking_plans": ([having(tracking_plans=2)], [HERE]),
    "functions": ([having(functions=THING)], [HERE]),
    "audiences": ([having(audiences=THING)], [HERE]),
    "sources": ([having(sources=THING)], [HERE]),
    "warehouses": ([having(warehouses=THING)], [HERE]),
    "credentials": ([having(credentials=THING)], [HERE]),
    "write_keys": ([having(write_keys=3, keys=KEYS)], [HERE, having(write_keys=3), UNREAD]),
    "unseen_keys": (
        [UNREAD, having(write_keys=3), having(unseen_keys=THING), having(unread=("sources",))],
        [HERE, KEPT, INVITED, ABSENT, having(write_keys=3, keys=KEYS)],
    ),
}


def test_every_condition_has_its_row() -> None:
    assert set(HOLDS) == set(CONDITIONS)


@pytest.mark.parametrize("name", sorted(HOLDS))
def test_a_condition_holds_where_it_should_and_nowhere_else(name: str) -> None:
    yes, no = HOLDS[name]
    assert [CONDITIONS[name](place) for place in yes] == [True] * len(yes)
    assert [CONDITIONS[name](place) for place in no] == [False] * len(no)


ADMIN_KEY, GROUP_KEY = (each.key for each in holdings(GROUPED))


@pytest.mark.parametrize(
    ("taken", "says"),
    [
        ([ADMIN_KEY], ""),
        ([GROUP_KEY], ""),
        (["0123456789abcdef"], "not there any more"),
        ([ADMIN_KEY, GROUP_KEY], "Nothing would stay"),
    ],
)
def test_something_goes_and_something_stays(taken: list[str], says: str) -> None:
    why = refuses_reduction(GROUPED, taken)
    assert (says in why) is bool(says or not why)
    assert "could not be read" in refuses_reduction(UNREAD.seen, taken)


def test_a_warning_says_what_a_group_that_stays_gives_all_the_same() -> None:
    through = replace(GROUPED.accounts[0], roles=(ADMIN, replace(ADMIN, group="Admins")))
    place = replace(REDUCED, seen=replace(GROUPED, accounts=(through,)), taken=frozenset([ADMIN_KEY]))
    assert "Source Admin goes, but the group Admins stays" in may_break([place])[0]


APPEARS = [
    ("remove-member", [HERE], True, "a member goes"),
    ("remove-member", [UNREAD], True, "nobody could look, so somebody tries"),
    ("remove-member", [INVITED], False, "there is nobody to remove yet"),
    ("remove-member", [KEPT], False, "access stays"),
    ("remove-member", [READ_ONLY], False, "not yet"),
    ("downgrade", [READ_ONLY], True, "read-only until a date"),
    ("end-read-only", [READ_ONLY], True, "and then removed"),
    ("end-read-only", [HERE], False, "nothing is left to end"),
    ("cancel-invitation", [INVITED], True, "a pending invitation"),
    ("cancel-invitation", [HERE], False, "none pending"),
    ("read-again", [HERE], True, "every place that changes is read again"),
    ("read-again", [ABSENT], True, "even where nothing was found"),
    ("read-again", [KEPT, HERE], True, "but not the kept one"),
    ("look-after-30-days", [HERE], True, "access that came back is found"),
    ("hand-over-functions", [HERE], False, "no functions, no step"),
    ("hand-over-functions", [having(functions=THING)], True, "somebody looks after them"),
    ("rotate-warehouse-login", [having(warehouses=THING)], True, "logins were in reach"),
    ("drop-old-login", [having(warehouses=THING)], True, "and the old one ends"),
    ("rotate-warehouse-login", [having(warehouses=SHARED)], False, "it has no login of its own"),
    ("rotate-credential", [having(credentials=THING)], True, "stored logins were in reach"),
    ("provider-group", [found(managed_by="scim")], True, "the provider would put them back"),
    ("provider-group", [HERE], False, "no provider"),
    ("reduce", [REDUCED], False, "only a group goes"),
    ("leave-group", [REDUCED], True, "the planned group goes"),
    ("remove-member", [REDUCED], False, "the person stays"),
    ("provider-group", [replace(REDUCED, managed_by="scim")], False, "they stay at the provider"),
    ("channels", [REDUCED], False, "they stay on the team"),
    ("look-after-7-days", [REDUCED], True, "a role is given back with one click"),
    ("look-after-7-days", [HERE], False, "a member is not"),
    ("seal", [HERE], True, "each removal ends with a packet"),
]


@pytest.mark.parametrize(("code", "places", "there", "because"), APPEARS)
def test_a_step_appears_only_where_it_is_called_for(
    code: str, places: list[Found], there: bool, because: str
) -> None:
    assert (code in codes(*places)) is there, because


def test_without_places_there_is_nothing_to_do() -> None:
    assert lines(shipped_playbook(), SUBJECT, []) == []
    assert may_break([]) == [] and not_known([]) == []


def test_each_account_group_and_invitation_has_its_own_line() -> None:
    two = (
        replace(DAN, groups=(("g1", "Admins"), ("g2", "Analysts"))),
        replace(DAN, id="u2", groups=(("g1", "Admins"),)),
    )
    place = found(seen=Sighting(Outcome.MEMBER, two, ("a@x.example", "b@x.example")))
    made = codes(place)
    assert made.count("remove-member") == 2
    assert made.count("leave-group") == 3
    assert made.count("cancel-invitation") == 2
    assert made.count("read-again") == 1


def test_the_message_to_the_client_names_only_places_that_changed() -> None:
    other = replace(KEPT, workspace_id=2, workspace="Acme Sandbox")
    (tell,) = [line for line in lines(shipped_playbook(), SUBJECT, [HERE, other]) if line.code == "tell"]
    assert "Acme Production" in tell.how[0] and "Acme Sandbox" not in tell.how[0]


def test_braces_in_what_was_found_are_only_text() -> None:
    odd = having(functions=(Thing("t", "{person} {0} {missing}"),))
    titles = [line.title for line in lines(shipped_playbook(), replace(SUBJECT, person="{workspace}"), [odd])]
    assert "Hand over functions: {person} {0} {missing}" in titles
    assert "Remove {workspace} from Acme Production" in titles


def test_the_same_facts_give_the_same_lines() -> None:
    assert lines(shipped_playbook(), SUBJECT, [HERE]) == lines(shipped_playbook(), SUBJECT, [HERE])


def test_no_text_of_the_shipped_playbook_is_left_unfilled() -> None:
    everything = found(
        managed_by="scim", provider_group="seg-acme", choice=Choice.DOWNGRADE, until=date(2026, 4, 30),
        seen=Sighting(
            Outcome.MEMBER,
            (replace(DAN, roles=(OWNER,), groups=(("g", "Admins"),)),),
            ("a@x.example",),
            Owners.LAST,
            5,
            Reach(THING, 3, THING, THING, THING, THING, 1, keys=KEYS, unseen_keys=THING),
        ),
    )  # fmt: skip
    reduced = replace(
        REDUCED,
        managed_by="scim",
        seen=replace(GROUPED, accounts=(replace(GROUPED.accounts[0], roles=(ADMIN, OWNER)),)),
    )
    owner = [each.key for each in holdings(reduced.seen) if each.owner]
    reduced = replace(reduced, taken=reduced.taken | set(owner))
    places = [everything, replace(HERE, managed_by="unknown"), reduced]
    made = lines(shipped_playbook(), SUBJECT, places)
    assert {line.code for line in made} == {step.code for step in shipped_playbook().steps}
    for line in made:
        assert not any("{" in text for text in (line.title, *line.how)), line.code


ROTATION = ["add-write-key", "hand-over-key", "confirm-key", "remove-old-keys"]


def test_the_steps_of_one_rotation_stand_together_source_by_source() -> None:
    made = lines(shipped_playbook(), SUBJECT, [having(write_keys=3, keys=KEYS)], grace_days=14)
    rotation = [line for line in made if line.code in ROTATION]
    assert [line.code for line in rotation] == ROTATION * 2
    assert [line.target["source"] for line in rotation] == ["Checkout"] * 4 + ["Website"] * 4
    assert {line.target["grace_days"] for line in rotation} == {14}
    assert rotation[0].target["keys"] == ["k1", "k2"]
    assert "2 old keys will be removed 14 days after that" in rotation[2].how[2]


def test_nobody_closes_later_because_senders_are_moved_over() -> None:
    made = lines(shipped_playbook(), SUBJECT, [having(write_keys=3, keys=KEYS)])
    assert not any(line.blocks_closing for line in made if line.code in ROTATION)


def test_the_one_whom_the_requester_named_gets_the_key() -> None:
    subject = replace(SUBJECT, handover="Mia Kern")
    made = lines(shipped_playbook(), subject, [having(write_keys=3, keys=KEYS)])
    assert any("Mia Kern" in text for line in made if line.code == "hand-over-key" for text in line.how)


# ---------------------------------------------------------------- the shipped playbook


BOOKS = sorted(path.stem for path in SHIPPED.glob("*.toml"))


def test_every_phase_has_a_step() -> None:
    assert {step.phase for step in shipped_playbook().steps} == set(Phase) - {
        Phase.GIVE,
        Phase.RESTORE,
        Phase.RETURN,
    }
    assert Phase.RESTORE in {step.phase for step in shipped_playbook("restore").steps}


@pytest.mark.parametrize("name", BOOKS)
def test_every_automatic_step_is_known_to_somebody(name: str) -> None:
    from offboarding.execution.steps import OWN, STEPS

    known = {*STEPS, *OWN, "packet.seal"}
    assert {step.step for step in shipped_playbook(name).steps if step.kind is not Kind.MANUAL} <= known


@pytest.mark.parametrize("name", BOOKS)
def test_nothing_waits_in_a_circle(name: str) -> None:
    codes = {step.code for step in shipped_playbook(name).steps}
    waits = {step.code: set(step.waits_for) & codes for step in shipped_playbook(name).steps}
    while free := {code for code, others in waits.items() if not others}:
        waits = {code: others - free for code, others in waits.items() if code not in free}
    assert waits == {}


GOOD: dict[str, Any] = {"code": "a", "phase": "plan", "title": "A"}
BAD = [
    ({"phase": "nowhere"}, "Step a cannot be read"),
    ({"kind": "magic"}, "Step a cannot be read"),
    ({"colour": "red"}, "Step a cannot be read"),
    ({"when": "raining"}, "Step a has an unknown condition"),
    ({"each": "hour"}, "Step a has an unknown condition"),
    ({"waits_for": ["b"]}, "Step a waits for b"),
]


@pytest.mark.parametrize(("change", "says"), BAD)
def test_a_playbook_that_cannot_be_names_its_step(change: dict[str, Any], says: str) -> None:
    book = {"name": "Own", "version": 1, "step": [GOOD]}
    assert playbook(book).steps[0].code == "a"
    with pytest.raises(ValueError, match=says):
        playbook({**book, "step": [{**GOOD, **change}]})


def test_playbooks_are_read_from_where_they_are_shipped() -> None:
    assert {"standard", "restore", "emergency", "emergency-behind"} <= set(BOOKS)
    used = {step.each for name in BOOKS for step in shipped_playbook(name).steps}
    assert set(SPREADS) == used


# ---------------------------------------------------------------- what to weigh

LAST = found(seen=replace(MEMBER, owners=Owners.LAST))
BREAKS = [
    (LAST, "only Owner of Acme Production"),
    (found(managed_by="scim"), "identity provider manages Acme Production"),
    (having(sources=THING, write_keys=3), "3 write keys of 1 sources"),
    (
        having(sources=THING, write_keys=3, keys=KEYS),
        "3 write keys of 2 sources were readable; 3 destinations get",
    ),
    (
        having(sources=THING, write_keys=3, keys=KEYS),
        "7 days after that: whatever still sends with an old key",
    ),
    (having(warehouses=(Thing("w", "Snowflake", "etl_acme"),)), "Snowflake (etl_acme)"),
    (having(functions=THING), "1 functions made by the person"),
    (having(audiences=THING), "1 audiences made by the person"),
]


@pytest.mark.parametrize(("place", "says"), BREAKS)
def test_what_may_break_is_told_and_not_for_what_stays(place: Found, says: str) -> None:
    assert any(says in told for told in may_break([place]))
    assert may_break([replace(place, choice=Choice.KEEP, reason="x")]) == []


CURATOR = found(
    seen=Sighting(Outcome.MEMBER, (replace(DAN, roles=(Held("x", "Curator", (("JOURNEY", "j"),)),)),))
)
UNKNOWNS = [
    (UNREAD, "Acme Production could not be read: The token was refused."),
    (HERE, "API tokens in 1 workspaces"),
    (having(unread=("functions", "audiences")), "could not read functions, audiences"),
    (CURATOR, "a permission that we do not know: Curator"),
]


@pytest.mark.parametrize(("place", "says"), UNKNOWNS)
def test_what_nobody_could_see_is_told(place: Found, says: str) -> None:
    assert any(says in told for told in not_known([place]))


def test_a_place_that_could_not_be_read_is_told_even_if_access_stays_there() -> None:
    assert not_known([replace(UNREAD, choice=Choice.KEEP, reason="x")]) != []


PLANNED = [
    (HERE, "Remove"),
    (INVITED, "Cancel the invitation"),
    (KEPT, "Keep: hand-over"),
    (READ_ONLY, "Read-only until 30 Apr 2026"),
]


@pytest.mark.parametrize(("place", "says"), PLANNED)
def test_what_happens_in_a_place_in_a_few_words(place: Found, says: str) -> None:
    assert planned(place) == says
