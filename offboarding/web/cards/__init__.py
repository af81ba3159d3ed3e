"""View-models of the shared page parts: frozen, ready to show, without a query behind them.

Every part is `templates/elements/<part>.html` and reads one variable. All of them stand on `/help/parts/`.
Texts come translated and as whole sentences. A state is a key of `LOOKS`; an unknown one is a `KeyError`.

    {% include "elements/tag.html" with tag=card %}            or {% tag "verified" "Gone, verified 12:04" %}
        TagCard(state, text="", id="")
    {% include "elements/step_group.html" with group=card %}
        StepGroupCard(id, title, done, total, steps, worst=None, folds=(), rest=None)
        StepBundleCard(id, title, done, total, steps, worst), StepFoldCard(id, title, total, steps, rest)
    {% include "elements/step_row.html" with step=card %}
        StepRowCard(number, name, url, tag, facts="", id="", drawer=True, current=False)
    <ul class="works">{% include "elements/work_row.html" with row=card %}</ul>
        WorkRowCard(tag, ref, name, url, facts="", due=None, act=None, strip=None)
    {% include "elements/facts.html" with facts=cards %}
        FactCard(label, value, change_url="", note="")         value: text, card, or a tuple of these
    {% include "elements/strip.html" with strip=card %}
        StripCard(squares, tokens="", keys="")                 states: see SquareState; worst_first(states)
    {% include "elements/act.html" with act=card %}            add small=True for a small button, act_id="", and
                                                               act_about="" where many buttons say the same
        ActCard(label, url, role="quiet", icon="", busy="", post=False, dialog=False, drawer=False, hidden=())
    {% include "elements/confirm.html" with confirm=card %}    or render elements/confirm_page.html
        ConfirmCard(title, effects, act, back_url, facts=(), fields=(), summary=…, note="")
    {% include "elements/error_summary.html" with summary=card %}             or {% error_summary form %}
        ErrorSummaryCard(errors), ErrorSummaryCard.of(form), ErrorLine(text, field_id="")
    {% include "elements/field.html" with field=card %}        or {% field form.email hint="…" width="mid" %}
        FieldCard(name, label, kind="text", value="", hint="", error="", required=True, options=(), …)
        FieldCard.of(bound, **changes), OptionCard(value, label, selected=False, hint="", disabled=False)
    {% include "elements/time.html" with time=card %}          add plain=True to leave the relative part out
        TimeCard.of(when, zone, now, seconds=False, utc=False, day=True)
    {% include "elements/due.html" with due=card %}            add bare=True to leave the word "Due" out
        DueCard.of(due, start, zone, now)
    {% include "elements/code.html" with code=card %}
        CodeCard(value, short="", label=""), CodeCard.hash(value)
    {% include "elements/path.html" with path=card %}
        PathCard(steps, url="", confirmed="")
    {% include "elements/empty.html" with empty=card %}
        EmptyCard(title, text="", act=None)
    {% include "elements/permission.html" with permission=card %}
        PermissionCard(what, who, act=None)
    {% include "elements/notice.html" with notice=card %}
        NoticeCard(role, title, text="", act=None, id="")
    {% include "elements/attention.html" with attention=card %}
        AttentionCard(title, rows), AttentionRow(text, url, label, role="attention")
    {% include "elements/tabs.html" with tabs=card %}
        TabsCard(label, tabs, kind="tabs" | "filters"), TabCard(label, url, current=False, count="")
    {% include "elements/stages.html" with stages=card %}
        StagesCard(stages=((label, url), …), current)
    {% include "elements/pager.html" with pager=card %}
        PagerCard(newer_url="", older_url="", text="")
    {% include "elements/progress.html" with progress=card %}
        ProgressCard(id, label, value, max, text="")
    {% include "elements/difference.html" with diff=card %}
        DiffCard(before, after, rows), DiffRow(kind, label, before="", after="")
    {% include "elements/chart.html" with chart=card %}
        ChartCard(id, title, description, bars, value_label=""), Bar(label, value, role="")
    {% include "elements/timeline.html" with days=cards %}
        DayCard(title, entries), EntryCard(kind, actor, text, time, tag=None, calls=(), id="", url="")
    {% include "elements/upload.html" with upload=card %}
        UploadCard(name, label, hint="", accept=…, max_bytes=10_000_000, error="", files=(), multiple=False)
        FileCard(name, size, hash=None, tag=None, remove=None, says="")
    {% include "elements/drawer.html" with drawer=card body="removals/_step.html" %}
        DrawerCard(title, close_url, page_url="")
    {% include "elements/_poll.html" with poll=card part="removals/_live.html" %}
        PollCard(id, url, seconds, updated=None, refresh_url="")    seconds=0 ends it; answer 204 for no news
    {% include "elements/live.html" with live=card %}
        LiveCard(id, text, busy=False, detail="")
    {% include "elements/demo_cast.html" with cast=cards action=url %}
        CastCard(email, name, role, does)
    base.html reads `nav`
        NavCard(items, user_label, …), NavItem(label, url, icon="", current=False, count=0)
    errors/page.html reads `error`
        ErrorPageCard(title, text, number="", act=None)
"""

from offboarding.web.cards.acts import ActCard, PagerCard, StagesCard, TabCard, TabsCard
from offboarding.web.cards.boxes import EmptyCard, ErrorPageCard, NoticeCard, PermissionCard
from offboarding.web.cards.facts import CodeCard, FactCard, PathCard
from offboarding.web.cards.fields import ErrorLine, ErrorSummaryCard, FieldCard, OptionCard
from offboarding.web.cards.figures import Bar, ChartCard, DiffCard, DiffRow, DrawnBar
from offboarding.web.cards.forms import ConfirmCard, FileCard, UploadCard
from offboarding.web.cards.frame import CastCard, NavCard, NavItem
from offboarding.web.cards.live import DrawerCard, LiveCard, PollCard, ProgressCard
from offboarding.web.cards.rows import (
    AttentionCard,
    AttentionRow,
    DayCard,
    EntryCard,
    RestCard,
    StepBundleCard,
    StepFoldCard,
    StepGroupCard,
    StepRowCard,
    WorkRowCard,
)
from offboarding.web.cards.states import LOOKS, REQUEST_STATES, RESULTS, STATES, Look, Role, TagCard
from offboarding.web.cards.strips import Mark, SquareState, StripCard, worst_first
from offboarding.web.cards.times import DueCard, TimeCard, absolute, relative

__all__ = [
    "LOOKS",
    "REQUEST_STATES",
    "RESULTS",
    "STATES",
    "ActCard",
    "AttentionCard",
    "AttentionRow",
    "Bar",
    "CastCard",
    "ChartCard",
    "CodeCard",
    "ConfirmCard",
    "DayCard",
    "DiffCard",
    "DiffRow",
    "DrawerCard",
    "DrawnBar",
    "DueCard",
    "EmptyCard",
    "EntryCard",
    "ErrorLine",
    "ErrorPageCard",
    "ErrorSummaryCard",
    "FactCard",
    "FieldCard",
    "FileCard",
    "LiveCard",
    "Look",
    "Mark",
    "NavCard",
    "NavItem",
    "NoticeCard",
    "OptionCard",
    "PagerCard",
    "PathCard",
    "PermissionCard",
    "PollCard",
    "ProgressCard",
    "RestCard",
    "Role",
    "SquareState",
    "StagesCard",
    "StepBundleCard",
    "StepFoldCard",
    "StepGroupCard",
    "StepRowCard",
    "StripCard",
    "TabCard",
    "TabsCard",
    "TagCard",
    "TimeCard",
    "UploadCard",
    "WorkRowCard",
    "absolute",
    "relative",
    "worst_first",
]
