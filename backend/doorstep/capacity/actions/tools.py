"""What every verb of capacity works with."""

from dataclasses import dataclass, field

from doorstep.addresses.actions import Addresses
from doorstep.calendar.actions import Calendar
from doorstep.capacity.actions.places import Places
from doorstep.capacity.model import CapacityPolicy, Terms
from doorstep.capacity.outside import AlwaysFeasible, Feasible
from doorstep.capacity.store import HoldStore, SlotStore, TermsStore
from doorstep.catalogue.actions import Catalogue
from doorstep.couriers.actions import Couriers
from doorstep.kit.clock import Clock
from doorstep.kit.mongo.transactions import Mongo
from doorstep.kit.remembered import Remembered


@dataclass(frozen=True)
class Tools:
    """The rooms below, the stores, and the clock."""

    mongo: Mongo
    slots: SlotStore
    holds: HoldStore
    terms: TermsStore
    addresses: Addresses
    couriers: Couriers
    calendar: Calendar
    catalogue: Catalogue
    policy: CapacityPolicy
    clock: Clock
    feasible: Feasible = field(default_factory=AlwaysFeasible)
    places: Places = field(init=False)
    known_terms: Remembered[tuple[Terms, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places(self.mongo, self.slots))
        object.__setattr__(self, "known_terms", Remembered(self.terms.all))
