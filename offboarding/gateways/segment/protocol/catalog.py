"""What people build in a workspace: functions, audiences, computed traits, tracking plans, labels."""

from offboarding.gateways.segment.protocol.iam import read_label
from offboarding.gateways.segment.protocol.reading import Json, Page, entries, fields, may, must, page
from offboarding.gateways.segment.protocol.request import Request, page_of, path, query
from offboarding.gateways.segment.types import Audience, ComputedTrait, Function, Label, Space, TrackingPlan


def functions(resource_type: str, cursor: str | None = None) -> Request[Page[Function]]:
    """`resource_type` is SOURCE, DESTINATION, INSERT_SOURCE, INSERT_DESTINATION or INSERT_TRANSFORMATION."""
    return Request(
        "GET",
        "/functions",
        lambda data: page(data, "functions", _function),
        query=query(("resourceType", resource_type), *page_of(cursor)),
    )


def spaces(cursor: str | None = None) -> Request[Page[Space]]:
    return Request("GET", "/spaces", lambda data: page(data, "spaces", _space), query=query(*page_of(cursor)))


def audiences(space_id: str, cursor: str | None = None) -> Request[Page[Audience]]:
    return Request(
        "GET",
        path("spaces", space_id, "audiences"),
        lambda data: page(data, "audiences", lambda value: Audience(*_made(value, space_id))),
        query=query(*page_of(cursor)),
        limit_class="audiences",
    )


def computed_traits(space_id: str, cursor: str | None = None) -> Request[Page[ComputedTrait]]:
    return Request(
        "GET",
        path("spaces", space_id, "computed-traits"),
        lambda data: page(data, "computedTraits", lambda value: ComputedTrait(*_made(value, space_id))),
        query=query(*page_of(cursor)),
        limit_class="computed-traits",
    )


def tracking_plans(cursor: str | None = None) -> Request[Page[TrackingPlan]]:
    return Request(
        "GET",
        "/tracking-plans",
        lambda data: page(data, "trackingPlans", _tracking_plan),
        query=query(*page_of(cursor)),
    )


def labels() -> Request[tuple[Label, ...]]:
    """The one list without pages."""
    return Request("GET", "/labels", lambda data: entries(data, "labels", read_label))


def _function(value: Json) -> Function:
    found = fields(value, "a function")
    return Function(
        must(found, "id"), may(found, "displayName"), may(found, "resourceType"), may(found, "createdBy")
    )


def _space(value: Json) -> Space:
    found = fields(value, "a space")
    return Space(must(found, "id"), may(found, "slug"), may(found, "name"))


def _made(value: Json, space_id: str) -> tuple[str, str, str, str, str]:
    found = fields(value, "an audience or a computed trait")
    return (
        must(found, "id"),
        may(found, "name"),
        may(found, "spaceId") or space_id,
        may(found, "createdBy"),
        may(found, "updatedBy"),
    )


def _tracking_plan(value: Json) -> TrackingPlan:
    found = fields(value, "a tracking plan")
    return TrackingPlan(must(found, "id"), may(found, "name"), may(found, "type"))
