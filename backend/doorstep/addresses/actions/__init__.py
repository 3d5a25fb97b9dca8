"""Keeping address books, finding the area of a door, and its beat."""

from doorstep.addresses.actions.beats import Beats
from doorstep.addresses.actions.book import NOT_FOUND, Addresses, Located
from doorstep.addresses.actions.city import CityMap

__all__ = ["NOT_FOUND", "Addresses", "Beats", "CityMap", "Located"]
