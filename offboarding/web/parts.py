"""The living page of parts: every shared element in every state, for eyes and for the accessibility check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from offboarding.web import cards as c
from offboarding.web.evidence.forms import CheckForm

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 31, 11, 41, 7, tzinfo=UTC)
HASH = "8f2c5e0d9b7a41c3e6f80a1b2c3d4e5f60718293a4b5c6d7e8f9012345674100"


@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    """GET `/help/parts/`: samples only, no query, nothing about a client."""
    return render(request, "help/parts.html", samples())


def samples() -> dict[str, Any]:
    """Cards for every element, named as `help/parts.html` reads them."""
    return _states() | _times() | _rows() | _figures() | _forms() | _boxes() | {"nav": sample_nav()}


def sample_nav() -> c.NavCard:
    return c.NavCard(
        items=(
            c.NavItem("Work", "/", "work", count=4),
            c.NavItem("Requests", "/requests/", "requests", current=True),
            c.NavItem("Access", "/access/matrix/", "access"),
            c.NavItem("Evidence", "/evidence/", "evidence"),
            c.NavItem("Follow-ups", "/follow-ups/", "followups"),
            c.NavItem("Setup", "/setup/connections/", "setup"),
        ),
        user_label="Olga P.",
        role_label="Operator",
        demo=True,
        emergency=True,
        unread=4,
        account_links=(c.NavItem("My settings", "/me/"),),
    )


def _at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def _time(minutes: float, **kind: bool) -> c.TimeCard:
    return c.TimeCard.of(_at(minutes), BERLIN, NOW, **kind)


def _states() -> dict[str, Any]:
    gone: c.SquareState = "gone"
    many: list[c.SquareState] = ["failed", "access", "access", *[gone] * 39]
    groups = (("Steps and places", c.STATES), ("Requests", c.REQUEST_STATES), ("Results", c.RESULTS))
    return {
        "state_groups": [(title, [c.TagCard(key) for key in looks]) for title, looks in groups],
        "strips": [
            c.StripCard(("gone", "progress", "gone", "kept"), "unknown", "failed"),
            c.StripCard(("access", "access", "access"), "unknown", "access"),
            c.StripCard(("gone", "gone", "waiting", "unknown", "failed")),
            c.StripCard(c.worst_first(many), "gone", "gone"),
        ],
        "icons": _icon_names(),
    }


def _icon_names() -> tuple[str, ...]:
    shapes = (
        "circle hourglass half ring tick hand clock triangle bars equals dash work requests access evidence"
    )
    return tuple(f"{shapes} followups setup search person copy open file key app".split())


def _times() -> dict[str, Any]:
    start = _at(-600)
    return {
        "times": [
            _time(199),
            _time(-97, utc=True),
            _time(-4 * 1440),
            _time(400 * 1440),
            _time(0, seconds=True),
        ],
        "dues": [c.DueCard.of(_at(minutes), start, BERLIN, NOW) for minutes in (400, 40, -120)],
        "codes": [c.CodeCard.hash(HASH), c.CodeCard("u_9fK2", label="Segment user id")],
        "path": c.PathCard(
            ("Settings", "Workspace settings", "Access Management", "Tokens"),
            "https://app.segment.com/",
            "Last confirmed 12 Mar by Ana P.",
        ),
    }


def _rows() -> dict[str, Any]:
    tag = c.TagCard
    steps = (
        c.StepRowCard(1, "Take out of IdP group seg-acme", "#s1", tag("verified"), "Automatic, 12:02"),
        c.StepRowCard(2, "Remove from Acme Prod", "#s2", tag("done"), "Automatic, accepted 12:04"),
        c.StepRowCard(3, "Check Acme Staging after the SCIM sync", "#s3", tag("waiting"), "Next check 14:32"),
        c.StepRowCard(
            4, "Rotate warehouse login etl_acme", "#s4", tag("failed"), "Ana P., 2 tries", current=True
        ),
        c.StepRowCard(5, "Check the Tokens tab, Acme Prod", "#s5", tag("needs_person"), "Needs a screenshot"),
    )
    plan = (c.StepRowCard(9, "Store the “before” snapshot", "#s9", tag("verified"), "Automatic, 11:19"),)
    later = (c.StepRowCard(6, "Revoke the invite in Acme EU", "#s6", tag("verified"), "Automatic, 12:05"),)
    keys = (c.StepRowCard(7, "Add a new write key to Checkout", "#s7", tag("verified"), "Automatic, 12:20"),)
    bundle = c.StepBundleCard("keys-1", "Write keys of 1 source in Acme Prod", 1, 4, keys, tag("verified"))
    return {
        "groups": [
            c.StepGroupCard("rotate", "4 Rotate", 1, 4, (bundle,)),
            c.StepGroupCard("plan", "1 Plan", 1, 1, plan),
            c.StepGroupCard(
                "remove",
                "3 Remove",
                2,
                5,
                steps,
                tag("failed"),
                (c.StepFoldCard("remove-finished", "Finished", 120, later, c.RestCard(120, "#all")),),
            ),
        ],
        "works": _works(),
        "attention": c.AttentionCard(
            "2 steps need attention",
            (
                c.AttentionRow("Step 11: Segment refused the new password.", "#s4", "Open step 11", "bad"),
                c.AttentionRow("Step 13: an Owner looks at the Tokens tab.", "#s5", "Open step 13"),
            ),
        ),
        "days": _days(),
        "facts": _facts(),
    }


def _works() -> list[c.WorkRowCard]:
    def due(minutes: int) -> c.DueCard:
        return c.DueCard.of(_at(minutes), _at(-600), BERLIN, NOW)

    act = c.ActCard("Open step", "#work")
    strip = c.StripCard(("gone", "progress", "kept"), "unknown")
    return [
        c.WorkRowCard(
            c.TagCard("late"), "R-1038", "Hand over audiences, Globex Prod", "#w1", "Step 7", due(-120), act
        ),
        c.WorkRowCard(
            c.TagCard("to_decide"), "R-1047", "Pat Lind, 3 places, 1 Owner", "#w2", "", due(40), act
        ),
        c.WorkRowCard(
            c.TagCard("running"), "R-1042", "Sam Ode, 4 places", "#w3", "Lead Mia K.", due(400), act, strip
        ),
    ]


def _days() -> list[c.DayCard]:
    entries = (
        c.EntryCard(
            "person", "Dev R.", "approved plan 3", _time(-103, seconds=True, day=False), c.TagCard("approved")
        ),
        c.EntryCard(
            "app",
            "Offboard",
            "removed sam@partner.example from Acme Prod",
            _time(-97, seconds=True, day=False),
            c.TagCard("verified"),
            ("DELETE /users 429, waited 18 s", "DELETE /users 200", "GET /users 200"),
        ),
        c.EntryCard("segment", "Segment", "User Removed, Acme Prod", _time(-97, seconds=True, day=False)),
    )
    return [c.DayCard("31 March 2026", entries)]


def _facts() -> tuple[c.FactCard, ...]:
    return (
        c.FactCard("Who", ("Sam Ode, sam@partner.example", "sam+globex@partner.example"), "#who"),
        c.FactCard("Keep", "Acme Sandbox, read-only until 30 Apr: hand-over", "#keep"),
        c.FactCard("When", _time(199), "#when", "engagement ended, ticket CS-881"),
        c.FactCard("Due", c.DueCard.of(_at(40), _at(-600), BERLIN, NOW)),
        c.FactCard("State", (c.TagCard("running"), c.StripCard(("gone", "progress"), "unknown"))),
        c.FactCard("Plan", c.CodeCard.hash(HASH)),
        c.FactCard("Where", c.PathCard(("Settings", "Access Management", "Tokens"))),
    )


def _figures() -> dict[str, Any]:
    return {
        "diff": c.DiffCard(
            "Version 3, the one you read",
            "Version 4, now",
            (
                c.DiffRow("same", "Acme Prod", "Remove", "Remove"),
                c.DiffRow("changed", "Acme Sandbox", "Keep until 30 Apr", "Remove"),
                c.DiffRow("added", "Acme EU", "", "Revoke the invite"),
                c.DiffRow("removed", "Globex Prod", "Downgrade to read-only", ""),
            ),
        ),
        "chart": c.ChartCard(
            "times",
            "Time to revoke, 48 removals",
            "30 of 48 removals took less than 4 hours; 2 took more than a day.",
            (
                c.Bar("up to 1 h", 11),
                c.Bar("1 to 4 h", 19),
                c.Bar("4 to 24 h", 16),
                c.Bar("over 24 h", 2, "bad"),
            ),
            "Removals",
        ),
        "progresses": [
            c.ProgressCard("checked", "Workspaces checked", 7, 12),
            c.ProgressCard("all", "Workspaces checked", 12, 12),
        ],
        "poll": c.PollCard("sample-live", "/help/parts/", 0, _time(0, seconds=True)),
        "lives": [
            c.LiveCard("l1", "Removing…", True),
            c.LiveCard("l2", "Checking…", True, "7 of 12"),
            c.LiveCard("l3", "12 of 12 workspaces checked"),
        ],
        "drawer": c.DrawerCard("13 Check the Tokens tab, Acme Prod", "#closed", "#page"),
    }


def _forms() -> dict[str, Any]:
    kinds = tuple(c.OptionCard(v, v) for v in ("Engagement ended", "Scope reduced", "Security"))
    decisions = (
        c.OptionCard("approve", "Approve"),
        c.OptionCard("reject", "Reject"),
        c.OptionCard("ask", "Ask a question", hint="The lead is told at once. The due time keeps running."),
    )
    wrong = c.FieldCard(
        "mail",
        "E-mail address",
        "email",
        "sam@partner",
        hint="The address they use in Segment.",
        error="Enter an e-mail address like name@company.com.",
        attrs=(("autocomplete", "off"), ("spellcheck", "false")),
    )
    return {
        "summary": c.ErrorSummaryCard(
            (c.ErrorLine("Enter an e-mail address like name@company.com.", "id_mail"),)
        ),
        "form_fields": [
            wrong,
            c.FieldCard("ticket", "Ticket", required=False, width="short", mono=True, value="CS-881"),
            c.FieldCard("day", "End date", "date", width="short", value="2026-03-31"),
            c.FieldCard("reason", "Reason", "select", options=kinds, width="mid"),
            c.FieldCard("word", "Password", "password", width="mid"),
            c.FieldCard("note", "Note", "textarea", hint="Needed to reject or to ask.", required=False),
            c.FieldCard("decision", "Decision", "radios", options=decisions),
            c.FieldCard(
                "places", "Places", "checkboxes", options=kinds[:2], error="Choose at least one place."
            ),
            c.FieldCard("sure", "I did this and it is right", "checkbox"),
            c.FieldCard("fixed", "Workspace", value="Acme Prod", disabled=True, width="mid"),
        ],
        "uploads": [
            c.UploadCard("proof", "Proof", "PNG, JPEG or PDF up to 10 MB.", files=_files()),
            c.UploadCard(
                "bad", "Proof", error="proof.heic cannot be read. Use PNG, JPEG or PDF up to 10 MB."
            ),
        ],
        "compare": CheckForm(),
        "acts": _acts(),
        "confirm": c.ConfirmCard(
            "Cancel request R-1042",
            ("4 steps that have not begun will not run.", "What is already removed stays removed."),
            c.ActCard("Cancel the request", "#cancel", "bad", busy="Cancelling…", hidden=(("version", "3"),)),
            "#back",
            facts=(c.FactCard("Places", "Acme Prod, Acme EU"),),
            fields=(c.FieldCard("why", "Reason", "textarea", rows=2),),
        ),
    }


def _files() -> tuple[c.FileCard, ...]:
    remove = c.ActCard("Remove", "#remove", "link", post=True)
    return (
        c.FileCard("tokens.png", "214 KB", c.CodeCard.hash(HASH), c.TagCard("verified", "Checked"), remove),
    )


def _acts() -> list[c.ActCard]:
    return [
        c.ActCard("Send for approval", "#a1", "main", post=True, busy="Sending…"),
        c.ActCard("Open step 11", "#a2"),
        c.ActCard("Remove access now", "#a3", "bad"),
        c.ActCard("Download ZIP", "#a4", icon="file"),
        c.ActCard("Go back", "#a5", "link"),
    ]


def _boxes() -> dict[str, Any]:
    tab, ask = c.TabCard, c.ActCard("Ask Dev R.", "#ask")
    roles: tuple[c.Role, ...] = ("neutral", "info", "waiting", "ok", "attention", "bad")
    return {
        "tabs": c.TabsCard(
            "Request R-1042",
            (
                tab("Access", "#t1", True),
                tab("Checklist", "#t2", count="14 of 22"),
                tab("Timeline", "#t3"),
                tab("Evidence", "#t4", count="9 of 12"),
                tab("Messages", "#t5", count="1 of 3"),
            ),
        ),
        "filters": c.TabsCard(
            "Show steps",
            (tab("All", "#f1", True), tab("Needs me", "#f2", count=2), tab("Failed", "#f3", count=1)),
            "filters",
        ),
        "stages": c.StagesCard(
            (("Who", "#1"), ("What should happen", "#2"), ("Why and when", ""), ("Check", "")), 3
        ),
        "pager": c.PagerCard("#newer", "#older", "51 to 100 of 211"),
        "empties": [
            c.EmptyCard("Nothing needs you.", "Next: 30-day check for R-0987 on 12 Apr."),
            c.EmptyCard(
                "No requests yet.",
                "Requests that you file stand here.",
                c.ActCard("File a request", "#f", "main"),
            ),
        ],
        "permission": c.PermissionCard(
            "Only approvers of Acme see this page.", "Dev R. can give you this role.", ask
        ),
        "notices": [
            c.NoticeCard(role, f"A notice, {role}", "What happened, and what to do about it.")
            for role in roles
        ],
        "cast": [
            c.CastCard("alice@example.test", "Alice", "Engagement lead", "Files requests for Acme."),
            c.CastCard("bob@example.test", "Bob", "Approver", "Decides what goes."),
        ],
    }
