"""The schema, assembled from the rooms. It is not built while one field is silent about access."""

from collections.abc import Iterator
from typing import Any

import strawberry
from strawberry.types.base import StrawberryObjectDefinition

import doorstep.catalogue.graphql  # noqa: F401 - gives the catalogue's enums their words, first of all
from doorstep.accounts.graphql import AccountMutation, AccountQuery
from doorstep.addresses.graphql import BeatMutation, BeatQuery
from doorstep.api.documents import EXTENSIONS, strawberry_config
from doorstep.api.errors import Schema
from doorstep.api.nodes import NodeQuery
from doorstep.appointments.graphql.amending import AmendingMutation
from doorstep.appointments.graphql.bulk import BulkMutation
from doorstep.appointments.graphql.conduct import ConductMutation, ConductQuery
from doorstep.appointments.graphql.costs import CostQuery
from doorstep.appointments.graphql.doors import DoorMutation
from doorstep.appointments.graphql.fitting import FittingMutation, FittingQuery
from doorstep.appointments.graphql.moving import MovingMutation
from doorstep.appointments.graphql.mutations import AppointmentMutation
from doorstep.appointments.graphql.notes import DoorNoteMutation
from doorstep.appointments.graphql.queries import AppointmentQuery, AppointmentSubscription
from doorstep.appointments.graphql.reoffering import ReofferMutation, ReofferQuery
from doorstep.appointments.graphql.types import DeliveryLine, PickupLine, SubscriptionLine
from doorstep.appointments.graphql.waitlist import (
    WaitlistMutation,
    WaitlistQuery,
    WaitlistSubscription,
)
from doorstep.calendar.graphql.mutations import CalendarMutation
from doorstep.calendar.graphql.queries import CalendarQuery
from doorstep.capacity.graphql import CapacityQuery, TermsMutation, TermsQuery, VacancyQuery
from doorstep.catalogue.graphql import CatalogueQuery
from doorstep.couriers.graphql import (
    CourierQuery,
    DedicationMutation,
    DedicationQuery,
    GarageMutation,
    GarageQuery,
    RosterMutation,
    RosterQuery,
)
from doorstep.desk.graphql import DeskQuery, DeskSubscription
from doorstep.dispatch.graphql import (
    DispatchMutation,
    DispatchQuery,
    DispatchSubscription,
    DropOutMutation,
    ExplainingQuery,
    LeavingMutation,
    LiveMutation,
    LiveQuery,
    PictureQuery,
    PlanningMutation,
    TransferMutation,
    TransferQuery,
)
from doorstep.handheld.graphql import HandheldMutation
from doorstep.kit.gql import AUDIENCE, Money, scalars
from doorstep.notes.graphql import NotesMutation, NotesQuery
from doorstep.organisation.graphql import OrganisationQuery
from doorstep.relocation.graphql import RelocationMutation, RelocationQuery
from doorstep.reports.graphql import ReportQuery


@strawberry.type(description="What can be asked.")
class Query(
    NodeQuery,
    AccountQuery,
    OrganisationQuery,
    CalendarQuery,
    CatalogueQuery,
    CourierQuery,
    RosterQuery,
    GarageQuery,
    DedicationQuery,
    BeatQuery,
    CapacityQuery,
    TermsQuery,
    VacancyQuery,
    NotesQuery,
    AppointmentQuery,
    WaitlistQuery,
    ConductQuery,
    CostQuery,
    FittingQuery,
    ReofferQuery,
    DispatchQuery,
    ExplainingQuery,
    LiveQuery,
    PictureQuery,
    TransferQuery,
    DeskQuery,
    RelocationQuery,
    ReportQuery,
):
    pass


@strawberry.type(description="What can be done.")
class Mutation(
    AccountMutation,
    CalendarMutation,
    TermsMutation,
    RosterMutation,
    GarageMutation,
    DedicationMutation,
    LeavingMutation,
    BeatMutation,
    DoorMutation,
    AppointmentMutation,
    BulkMutation,
    AmendingMutation,
    MovingMutation,
    NotesMutation,
    DoorNoteMutation,
    WaitlistMutation,
    ConductMutation,
    FittingMutation,
    ReofferMutation,
    DispatchMutation,
    PlanningMutation,
    LiveMutation,
    TransferMutation,
    DropOutMutation,
    HandheldMutation,
    RelocationMutation,
):
    pass


@strawberry.type(description="What can be followed.")
class Subscription(
    AppointmentSubscription, WaitlistSubscription, DispatchSubscription, DeskSubscription
):
    pass


class UndeclaredAccessError(TypeError):
    """A field does not say to whom it is shown."""


def build_schema() -> Schema:
    """Raises UndeclaredAccessError for a field that does not say to whom it is shown."""
    config = strawberry_config()
    config.scalar_map = {**config.scalar_map, **scalars()}
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Money, PickupLine, DeliveryLine, SubscriptionLine],
        extensions=EXTENSIONS,
        config=config,
    )
    if silent := [name for name, field in shown_fields(schema) if AUDIENCE not in field.metadata]:
        raise UndeclaredAccessError(f"to whom are these shown? {', '.join(silent)}")
    return schema


def shown_fields(schema: Schema) -> Iterator[tuple[str, Any]]:
    """Every field that answers something, as Type.field."""
    for name, kept in sorted(schema.schema_converter.type_map.items()):
        definition = kept.definition
        if isinstance(definition, StrawberryObjectDefinition) and not definition.is_input:
            for field in definition.fields:
                yield f"{name}.{field.python_name}", field
