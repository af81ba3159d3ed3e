"""The same numbers for Prometheus: read from the database at each scrape, so that they are true however many processes
run. No name of a person, a client or a workspace: numbers stand beside ids."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from offboarding.connections import limits
from offboarding.execution.queries import attempts_by_result
from offboarding.web.engine.facts import Connection, Facts, connections, facts


def answer(request: HttpRequest) -> HttpResponse:
    """404 unless a token is set, 401 without it."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("Not found\n", status=404, content_type="text/plain")
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not hmac.compare_digest(bearer(request).encode(), settings.METRICS_TOKEN.encode()):
        said = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("A token is needed.\n", status=401, content_type="text/plain", headers=said)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reading())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def bearer(request: HttpRequest) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


class Reading(Collector):
    """One reading of everything. The number of queries does not grow with what there is."""

    def collect(self) -> Iterator[Metric]:
        found = facts()
        yield from orders(found)
        yield from engines(found)
        yield from attempts()
        yield from of_connections(connections(found.now))


def orders(found: Facts) -> Iterator[Metric]:
    there = GaugeMetricFamily("offboard_orders", "Rows that have not ended", labels=["kind", "state"])
    waiting = GaugeMetricFamily(
        "offboard_orders_waiting", "Rows that wait, by what for", labels=["kind", "reason"]
    )
    oldest = GaugeMetricFamily("offboard_oldest_due_seconds", "Age of the oldest due row", labels=["kind"])
    parked = GaugeMetricFamily(
        "offboard_orders_parked", "Rows that stopped three times and wait for a person", labels=["kind"]
    )
    lost = CounterMetricFamily("offboard_leases_lost", "Leases that ran out", labels=["kind"])
    for kind in found.kinds:
        counts = {"due": kind.due, "running": kind.running, "waiting": kind.all_waiting}
        for state, count in {**counts, "needs_person": kind.person, "failed": kind.failed}.items():
            there.add_metric([kind.name, state], count)
        for reason, count in kind.waiting.items():
            waiting.add_metric([kind.name, reason], count)
        oldest.add_metric([kind.name], found.age(kind.oldest_due) if kind.oldest_due else 0)
        parked.add_metric([kind.name], kind.parked)
        lost.add_metric([kind.name], kind.lost)
    yield from (there, waiting, oldest, parked, lost)


def engines(found: Facts) -> Iterator[Metric]:
    yield GaugeMetricFamily("offboard_engines", "Engines that ticked in the last 30 seconds", found.alive)
    if found.last_beat:
        age = found.age(found.last_beat)
        yield GaugeMetricFamily("offboard_last_tick_age_seconds", "Since the newest tick of any engine", age)
    yield GaugeMetricFamily(
        "offboard_standing_still", "1 while the engine stands still", int(found.standstill.stands)
    )
    yield GaugeMetricFamily("offboard_ready", "1 when /readyz says so", int(found.ready))
    fired = GaugeMetricFamily(
        "offboard_schedule_fired_timestamp_seconds", "When it last fired", labels=["schedule"]
    )
    for name, _, at in found.slots:
        fired.add_metric([name], at.timestamp())
    yield fired


def attempts() -> Iterator[Metric]:
    """Attempts are never deleted, so their number is a counter."""
    closed = CounterMetricFamily("offboard_attempts", "Closed attempts of steps", labels=["act", "result"])
    still_open = GaugeMetricFamily("offboard_attempts_open", "Attempts without a result", labels=["act"])
    for act, result, count in attempts_by_result():
        if result:
            closed.add_metric([act, result.replace(" ", "_")], count)
        else:
            still_open.add_metric([act], count)
    yield from (closed, still_open)


def of_connections(found: list[Connection]) -> Iterator[Metric]:
    labels = ["workspace"]
    refused = GaugeMetricFamily(
        "offboard_connection_token_refused", "1 while Segment refuses it", labels=labels
    )
    paused = GaugeMetricFamily("offboard_connection_paused_seconds", "Until the next call", labels=labels)
    opened = GaugeMetricFamily("offboard_connection_circuit_open", "1 while nobody calls", labels=labels)
    troubles = GaugeMetricFamily(
        "offboard_connection_troubles", "Calls in a row without a clear answer", labels=labels
    )
    for each in found:
        key = [str(each.pk)]
        refused.add_metric(key, int(each.refused))
        paused.add_metric(key, each.paused_seconds)
        opened.add_metric(key, int(each.circuit_open))
        troubles.add_metric(key, each.troubles)
    yield from (refused, paused, opened, troubles, calls_left(found))


def calls_left(found: list[Connection]) -> Metric:
    """Only what all processes count together: one process's own share says nothing about the others."""
    labels = ["workspace", "limit_class"]
    left = GaugeMetricFamily(
        "offboard_connection_calls_left", "Calls that this minute still allows", labels=labels
    )
    for each in found:
        for name, room in limits.left(each.pk).items():
            if room.shared:
                left.add_metric([str(each.pk), name], room.calls)
    return left
