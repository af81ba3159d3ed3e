"""Causes, in plain words, for each kind of step: what a person can look at when it does not work."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from offboarding.checklist.models import ChecklistItem
from offboarding.execution.rules import Cause

Text = str | Promise
NOT_LISTED: tuple[Text, Text] = (
    lazy("They are not in the list"),
    lazy("Look for their other addresses, for a pending invite, and whether this is the right workspace."),
)
GREYED: tuple[Text, Text] = (
    lazy("Remove is greyed out"),
    lazy(
        "You are not a Workspace Owner, they are the last Owner, it is your own account, or SCIM manages the workspace."
    ),
)
COMES_BACK: tuple[Text, Text] = (
    lazy("They come back after a while"),
    lazy(
        "SCIM adds them again. Take them out of the identity provider's group first, then remove them here."
    ),
)
STILL_SEES: tuple[Text, Text] = (
    lazy("They still see data"),
    lazy(
        "Check other addresses and other workspaces. Somebody who is signed in can stay so for up to 7 days; "
        "removing membership ends what they can reach."
    ),
)
API_WORKS: tuple[Text, Text] = (
    lazy("Their script still works"),
    lazy("Removing a person does not end tokens or keys. Remove the tokens and rotate the keys in phase 4."),
)
BROKE: tuple[Text, Text] = (
    lazy("Something stopped working"),
    lazy(
        "Note what and since when in this step. A new key or login goes in first, the old one goes out last."
    ),
)
NO_SIGN_IN: tuple[Text, Text] = (
    lazy("Segment cannot sign in with the new login"),
    lazy(
        "Check the password, the rights of the new user, and that the database lets Segment's addresses in. "
        "Settings that Segment hides, such as a tunnel's key, are not part of the test."
    ),
)
ON_LOGIN: tuple[Text, Text] = (
    lazy("What does the new login need?"),
    lazy(
        "The rights of the old one: on the database, on Segment's schemas and on the tables that are there. "
        "The old login stays until the new one is seen to work."
    ),
)
OWNS: tuple[Text, Text] = (
    lazy("The database refuses to drop the user"),
    lazy(
        "It still owns tables, or has rights on them. Give them to the new user first: in PostgreSQL REASSIGN OWNED BY "
        "the old user TO the new one, then DROP OWNED BY the old user."
    ),
)
NO_EVENT: tuple[Text, Text] = (
    lazy("There is no audit event"),
    lazy(
        "The Audit Trail needs the Business tier and keeps 90 days. Events can be late. "
        "Export the CSV, or skip this step with a reason: the fresh read proves the removal by itself."
    ),
)
MOVED: tuple[Text, Text] = (
    lazy("The page in Segment looks different"),
    lazy("Names differ between versions: Team Members or Access Management, Audit Log or Audit Trail."),
)
NO_TAB: tuple[Text, Text] = (
    lazy("There is no Tokens tab"),
    lazy("Only a Workspace Owner sees it. Hand the step to an Owner of that workspace."),
)

KEY_APPEARED: tuple[Text, Text] = (
    lazy("A key appeared that nobody knows"),
    lazy(
        "Ask the Owners and Source Admins of the workspace. The Audit Trail shows who modified the source, not which key."
    ),
)
KEY_LOST: tuple[Text, Text] = (
    lazy("The page with the key is gone"),
    lazy(
        "A key is shown once. Say that it was lost: another one is made, and the lost one is removed at the end."
    ),
)
OLD_KEY: tuple[Text, Text] = (
    lazy("Nobody knows which sender has which key"),
    lazy(
        "Segment does not tell which key an event came with. Compare the key that stands in each sender. "
        "Leave this step open as long as you need: nothing times out, and the old keys work meanwhile."
    ),
)

ON_TOKEN: tuple[Text, Text] = (
    lazy("How do I make a token?"),
    lazy(
        "As a Workspace Owner: Settings > Workspace settings > Access Management > Tokens > Create Token, with the level "
        "Workspace Owner. The token goes on working when the person who made it leaves."
    ),
)
ON_OWNERS: tuple[Text, Text] = (
    lazy("Who can change an Owner?"),
    lazy(
        "Only another Workspace Owner, and never the last one. Access Management > Users shows who is Owner."
    ),
)
ON_PLAN: tuple[Text, Text] = (
    lazy("The workspace does not have it"),
    lazy(
        "Free and Team plans have no user groups, no audit trail and no read-only roles. Removal works on all of them."
    ),
)
ON_ANSWER: tuple[Text, Text] = (
    lazy("What did Segment say?"),
    lazy("Open the newest try below: request and answer stand there as they were, secrets hidden."),
)
ON_REACH: tuple[Text, Text] = (
    lazy("Is it Segment or our line?"),
    lazy("Look at status.segment.com, and test the connection in Setup > Connections."),
)
ON_CHANGE: tuple[Text, Text] = (
    lazy("Somebody else changed something"),
    lazy("The audit trail of the workspace tells who. What was not approved is not touched here."),
)
ON_FALL: tuple[Text, Text] = (
    lazy("Is it because of the removal?"),
    lazy(
        "Look whether a key or login of the person fed the source. Weekends and ended campaigns fall too: check again later, "
        "or skip this with the reason."
    ),
)
ON_PROOF: tuple[Text, Text] = (
    lazy("What counts as proof?"),
    lazy(
        "What shows the state after the change: a screenshot with the name of the workspace, or a file. No secrets."
    ),
)
ON_PAUSE: tuple[Text, Text] = (
    lazy("Why does nothing happen?"),
    lazy("The request is paused. What had begun is seen out; nothing new begins until somebody resumes it."),
)
ON_CRASH: tuple[Text, Text] = (
    lazy("It stops each time"),
    lazy("The log of the engine names the error. Do it by hand meanwhile; the tries so far stay as proof."),
)
ON_APPROVAL: tuple[Text, Text] = (
    lazy("Nobody else can approve"),
    lazy("An administrator gives somebody the role that the policy asks. Roles are at Setup > People."),
)
BY_STEP: dict[str, tuple[tuple[Text, Text], ...]] = {
    "segment.remove_member": (NOT_LISTED, GREYED, COMES_BACK, API_WORKS, STILL_SEES),
    "segment.downgrade": (NOT_LISTED, GREYED, COMES_BACK, STILL_SEES),
    "segment.leave_group": (NOT_LISTED, GREYED, COMES_BACK),
    "segment.cancel_invitation": (NOT_LISTED, GREYED),
    "segment.add_write_key": (KEY_APPEARED, MOVED),
    "segment.remove_write_key": (BROKE, OLD_KEY),
    "segment.update_warehouse": (NO_SIGN_IN, BROKE, MOVED),
    "segment.update_credential": (NO_SIGN_IN, BROKE, MOVED),
    "verify.place": (COMES_BACK, STILL_SEES, API_WORKS),
    "verify.audit_events": (NO_EVENT,),
    "verify.measure_after": (ON_FALL, BROKE),
}
BY_CODE: dict[str, tuple[tuple[Text, Text], ...]] = {
    "list-tokens": (NO_TAB, MOVED, API_WORKS),
    "remove-tokens": (NO_TAB, API_WORKS, BROKE),
    "rotate-write-keys": (BROKE, API_WORKS, MOVED),
    "hand-over-key": (KEY_LOST,),
    "confirm-key": (BROKE, OLD_KEY),
    "drop-old-login": (OWNS, BROKE),
    "drop-old-credential": (OWNS, BROKE),
    "provider-group": (NOT_LISTED, COMES_BACK),
    "sign-in-refused": (STILL_SEES, COMES_BACK),
    "screenshot-before": (NOT_LISTED, MOVED),
}
BY_CAUSE: dict[Cause, tuple[tuple[Text, Text], ...]] = {
    Cause.MANUAL: (ON_PROOF,),
    Cause.TAKEN_OVER: (ON_PROOF,),
    Cause.TOKEN_REFUSED: (ON_TOKEN,),
    Cause.NOT_ALLOWED: (ON_TOKEN, ON_PLAN),
    Cause.OWNER_NEEDED: (ON_OWNERS, ON_TOKEN),
    Cause.LAST_OWNER: (ON_OWNERS,),
    Cause.OWN_ACCOUNT: (ON_OWNERS,),
    Cause.SCIM_MANAGED: (COMES_BACK,),
    Cause.NO_SUCH_FEATURE: (ON_PLAN,),
    Cause.DECLINED: (ON_ANSWER, GREYED),
    Cause.STILL_THERE: (STILL_SEES, COMES_BACK),
    Cause.CAME_BACK: (COMES_BACK, STILL_SEES),
    Cause.NOT_FOUND: (NOT_LISTED,),
    Cause.NOT_REACHED: (ON_REACH,),
    Cause.DOUBT: (ON_CHANGE, ON_ANSWER),
    Cause.NOT_AS_BEFORE: (ON_CHANGE,),
    Cause.NOT_AS_PLANNED: (ON_CHANGE,),
    Cause.NO_EVENT: (NO_EVENT,),
    Cause.FELL: (ON_FALL, BROKE),
    Cause.LOGIN_WANTED: (ON_LOGIN,),
    Cause.LOGIN_REFUSED: (NO_SIGN_IN,),
    Cause.CRASHED: (ON_CRASH,),
    Cause.PAUSED: (ON_PAUSE,),
    Cause.APPROVAL_FELL: (ON_APPROVAL,),
}


def causes(item: ChecklistItem, cause: str = "") -> tuple[tuple[Text, Text], ...]:
    """(what it looks like, what to do) pairs: what stopped it on top, then what can be with this kind of step."""
    own = BY_CAUSE.get(Cause(cause), ()) if cause in set(Cause) else ()
    usual = BY_STEP.get(item.step) or BY_CODE.get(item.code) or ((MOVED,) if item.where else ())
    return tuple(dict.fromkeys([*own, *usual]))
