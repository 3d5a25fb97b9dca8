"""Where a courier is, as it is shown."""

from datetime import datetime
from typing import Self

from doorstep.couriers import model
from doorstep.kit.gql import Coordinates, public, shown


@public("Where a courier was last, as their handheld measured it.")
class CourierPosition:
    location: Coordinates = shown("Where.")
    at: datetime = shown("When, by the handheld's clock.")
    accuracy_metres: int | None = shown("How far off that may be.")

    @classmethod
    def of(cls, position: model.Position) -> Self:
        return cls(
            location=Coordinates.of(position.where),
            at=position.at,
            accuracy_metres=position.accuracy_metres,
        )
