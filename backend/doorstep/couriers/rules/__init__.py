"""What decides in the room, all of it pure: rosters and leave, dedications, who drives what."""

from doorstep.couriers.rules.garages import Garage, judge_booking
from doorstep.couriers.rules.positions import judge_position
from doorstep.couriers.rules.rosters import Roster, beside, serves, worked

__all__ = ["Garage", "Roster", "beside", "judge_booking", "judge_position", "serves", "worked"]
