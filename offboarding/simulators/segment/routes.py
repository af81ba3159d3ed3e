"""Every endpoint, one line each: who may, which limit, which versions, what the query may hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from offboarding.simulators.segment import (
    catalog,
    general,
    groups,
    invites,
    sources,
    users,
    volume,
    warehouses,
)
from offboarding.simulators.segment.call import Call
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import ApiError, not_found

STABLE = ("v1", "v1beta", "v1alpha")
BETA = ("v1beta", "v1alpha")
ALPHA = ("v1alpha",)
V1_ONLY = ("v1",)
REFUSED = {  # a missing feature: status and message, as far as they were seen in the wild
    "groups": (400, "Your plan does not include User Groups. Contact sales to upgrade to business tier."),
    "audit": (403, "The audit trail is not part of your plan."),
    "credentials": (404, "Resource not found"),
}
TIMES = ("startTime", "endTime", "granularity")


@dataclass(frozen=True)
class Route:
    """`owner`: a member-level token gets 401. `arrays`, `texts`, `objects`: what the query may hold."""

    method: str
    path: str
    run: Callable[[Call], Json]
    owner: bool = False
    limit: str = "default"
    versions: tuple[str, ...] = STABLE
    feature: str | None = None
    status: int = 200
    texts: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    objects: tuple[str, ...] = ("pagination",)

    @property
    def changes(self) -> bool:
        return self.method != "GET"


def iam(method: str, path: str, run: Callable[[Call], Json], **more: object) -> Route:
    """People and their access: owner-level token, all writes at 60 a minute."""
    limit = "default" if method == "GET" else "iam_write"
    feature = "groups" if path.startswith("/group") else None
    return Route(method, path, run, owner=True, limit=limit, feature=feature, **more)  # type: ignore[arg-type]


def credential(
    method: str,
    path: str,
    run: Callable[[Call], Json],
    status: int = 200,
    objects: tuple[str, ...] = ("pagination",),
) -> Route:
    """Credentials: owner-level token, version v1 only."""
    full = "/credentials" + path
    more = {
        "owner": True,
        "feature": "credentials",
        "versions": V1_ONLY,
        "status": status,
        "objects": objects,
    }
    return Route(method, full, run, **more)  # type: ignore[arg-type]


WORKSPACE = (
    Route("GET", "/", general.get_workspace),
    Route("GET", "/echo", general.echo, objects=(),
          texts=("message", "delay", "triggerError", "triggerMultipleErrors", "triggerUnexpectedError",
                 "statusCode")),
    Route("GET", "/audit-events", general.list_audit_events, owner=True, feature="audit",
          texts=("startTime", "endTime", "resourceId", "resourceType")),
    Route("GET", "/labels", general.list_labels, objects=()),
    Route("POST", "/labels", general.create_label, owner=True, limit="labels_write", status=201),
    Route("DELETE", "/labels/{key}/{value}", general.delete_label, owner=True, limit="labels_write"),
)  # fmt: skip

PEOPLE = (
    iam("GET", "/users", users.list_users),
    iam("DELETE", "/users", users.remove_users, arrays=("userIds",)),
    iam("GET", "/users/{id}", users.get_user),
    iam("GET", "/users/{id}/groups", users.list_groups_of_user),
    iam("POST", "/users/{id}/permissions", users.add_permissions),
    iam("PUT", "/users/{id}/permissions", users.replace_permissions),
    iam("GET", "/invites", invites.list_invites),
    iam("POST", "/invites", invites.create_invites, status=201),
    iam("DELETE", "/invites", invites.cancel_invites, arrays=("emails",)),
    iam("GET", "/groups", groups.list_groups),
    iam("POST", "/groups", groups.create_group),
    iam("GET", "/groups/{id}", groups.get_group),
    iam("PATCH", "/groups/{id}", groups.rename_group),
    iam("DELETE", "/groups/{id}", groups.delete_group),
    iam("GET", "/groups/{id}/users", groups.list_members),
    iam("POST", "/groups/{id}/users", groups.add_members),
    iam("GET", "/groups/{id}/invites", groups.list_invites),
    iam("DELETE", "/group/{id}/users", groups.remove_members, arrays=("emails",)),
    iam("PUT", "/group/{id}/users", groups.replace_members),
    iam("POST", "/groups/{id}/permissions", groups.add_permissions),
    iam("PUT", "/groups/{id}/permissions", groups.replace_permissions),
    iam("GET", "/roles", general.list_roles),
)

SOURCES = (
    Route("GET", "/sources", sources.list_sources),
    Route("GET", "/sources/{id}", sources.get_source),
    Route("PATCH", "/sources/{id}", sources.update_source, owner=True),
    Route("DELETE", "/sources/{id}", sources.delete_source, owner=True),
    Route("GET", "/sources/{id}/settings", sources.get_settings),
    Route("GET", "/sources/{id}/connected-destinations", sources.list_destinations),
    Route("GET", "/sources/{id}/connected-warehouses", sources.list_warehouses),
    Route("POST", "/sources/{id}/labels", sources.add_labels, owner=True),
    Route("PUT", "/sources/{id}/labels", sources.replace_labels, owner=True),
    Route("POST", "/sources/{id}/writekey", sources.add_write_key, owner=True, versions=ALPHA),
    Route("DELETE", "/sources/{id}/writekey/{key}", sources.remove_write_key, owner=True, versions=ALPHA),
    Route("GET", "/sources/{id}/live-plugins/latest", catalog.latest_live_plugin, versions=ALPHA),
)

DESTINATIONS = (
    Route("GET", "/destinations", catalog.list_destinations),
    Route("GET", "/destinations/{id}", catalog.get_destination),
    Route("PATCH", "/destinations/{id}", catalog.update_destination, owner=True),
    Route("GET", "/destinations/{id}/subscriptions", catalog.list_subscriptions, versions=ALPHA),
    Route("GET", "/destination/{id}/filters", catalog.list_destination_filters),
    Route("GET", "/destinations/{id}/delivery-metrics", volume.delivery_metrics, versions=BETA,
          texts=("sourceId", *TIMES)),
    Route("GET", "/filters", catalog.list_filters, versions=BETA, texts=("integrationId",)),
    Route("GET", "/transformations", catalog.list_transformations),
    Route("GET", "/reverse-etl-models", catalog.list_models, versions=ALPHA),
    Route("GET", "/reverse-etl-models/{id}/subscriptionId/{subscription}/syncs", catalog.list_model_syncs,
          limit="etl_syncs", versions=ALPHA, texts=("count", "cursor"), objects=()),
)  # fmt: skip

WAREHOUSES = (
    Route("GET", "/warehouses", warehouses.list_warehouses),
    Route("POST", "/warehouses/validation", warehouses.validate, owner=True),
    Route("GET", "/warehouses/{id}", warehouses.get_warehouse),
    Route("PATCH", "/warehouses/{id}", warehouses.update_warehouse, owner=True),
    Route("GET", "/warehouses/{id}/connection-state", warehouses.connection_state, limit="connection_state"),
    Route("GET", "/warehouses/{id}/connected-sources", warehouses.list_connected_sources),
    Route("POST", "/warehouses/{id}/connected-sources/{source}", warehouses.connect_source, owner=True,
          status=201),
    Route("DELETE", "/warehouses/{id}/connected-sources/{source}", warehouses.disconnect_source, owner=True),
    Route("GET", "/warehouses/{id}/syncs", warehouses.list_syncs, limit="syncs"),
    credential("GET", "", warehouses.list_credentials),
    credential("POST", "", warehouses.create_credential, status=201),
    credential("GET", "/{id}", warehouses.get_credential),
    credential("PATCH", "/{id}", warehouses.update_credential),
    credential("DELETE", "/{id}", warehouses.delete_credential),
    credential("GET", "/{id}/consumers", warehouses.list_consumers,
               objects=("warehousesPagination", "sourcesPagination")),
)  # fmt: skip

MADE_HERE = (
    Route("GET", "/functions", catalog.list_functions, feature="functions", texts=("resourceType",)),
    Route("GET", "/functions/{id}", catalog.get_function, feature="functions"),
    Route("GET", "/functions/{id}/versions", catalog.list_function_versions, feature="functions",
          versions=ALPHA),
    Route("GET", "/insert-function-instances", catalog.list_insert_instances, feature="functions",
          versions=ALPHA, texts=("functionId",)),
    Route("GET", "/spaces", catalog.list_spaces, feature="spaces", versions=ALPHA),
    Route("GET", "/spaces/{space}/audiences", catalog.list_audiences, feature="spaces", limit="audiences",
          texts=("search", "include")),
    Route("GET", "/spaces/{space}/audiences/{id}", catalog.get_audience, feature="spaces",
          limit="one_audience"),
    Route("GET", "/spaces/{space}/audiences/{id}/destination-connections", catalog.list_audience_connections,
          feature="spaces", limit="activations", versions=ALPHA),
    Route("GET", "/spaces/{space}/audiences/{id}/activations", catalog.list_audience_activations,
          feature="spaces", limit="activations", versions=ALPHA),
    Route("GET", "/spaces/{space}/computed-traits", catalog.list_traits, feature="spaces", limit="traits",
          versions=ALPHA),
    Route("GET", "/spaces/{space}/computed-traits/{id}", catalog.get_trait, feature="spaces",
          limit="one_trait", versions=ALPHA),
    Route("GET", "/spaces/{space}/profiles-warehouses", catalog.list_profiles_warehouses, feature="spaces",
          versions=ALPHA),
    Route("GET", "/tracking-plans", catalog.list_tracking_plans, feature="protocols", texts=("type",)),
    Route("GET", "/tracking-plans/{id}", catalog.get_tracking_plan, feature="protocols"),
    Route("GET", "/tracking-plans/{id}/sources", catalog.list_plan_sources, feature="protocols"),
    Route("GET", "/tracking-plans/{id}/rules", catalog.list_plan_rules, feature="protocols", limit="rules"),
)  # fmt: skip


def overview(name: str, run: Callable[[Call], Json], *more: str) -> Route:
    texts = ("sourceId", "groupBy", "filter", *more, *TIMES)
    return Route("GET", f"/delivery-overview/{name}", run, versions=("v1beta",), texts=texts)


NUMBERS = (
    Route("GET", "/events/volume", volume.list_volume, limit="volume", texts=("groupBy", *TIMES),
          arrays=("groupBy", "sourceId", "eventName", "eventType", "appVersion")),
    overview("successfully-received", volume.received),
    overview("failed-on-ingest", volume.lost),
    overview("filtered-at-source", volume.lost),
    overview("successful-delivery", volume.delivered, "destinationConfigId"),
    overview("failed-delivery", volume.undelivered, "destinationConfigId"),
    overview("filtered-at-destination", volume.undelivered, "destinationConfigId"),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (*WORKSPACE, *PEOPLE, *SOURCES, *DESTINATIONS, *WAREHOUSES, *MADE_HERE, *NUMBERS)


def compiled(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"/?")


TABLE = [(route, compiled(route.path)) for route in ROUTES]


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route and the decoded parts of the path. Raises 404 as the API does for any unknown address."""
    for route, pattern in TABLE:
        found = pattern.fullmatch(path) if route.method == method else None
        if found:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    raise not_found()


def require_feature(call: Call, route: Route) -> None:
    if route.feature and not call.workspace.has(route.feature):
        status, message = REFUSED.get(route.feature, (403, "This feature is not enabled for your workspace."))
        raise ApiError(status, message)
