"""What decides in addresses, all of it pure: areas, depths, and what a text means."""

from doorstep.addresses.rules.areas import (
    SLIVER_METRES,
    AreaMap,
    days_of_change,
    placed,
    tiling_faults,
)
from doorstep.addresses.rules.beats import (
    match_beat,
    place_of,
)
from doorstep.addresses.rules.depths import (
    judge_depth,
    kind_of_door,
)
from doorstep.addresses.rules.parsing import (
    ENOUGH,
    Parsed,
    candidates,
    certain,
    parsed,
)

__all__ = [
    "ENOUGH",
    "SLIVER_METRES",
    "AreaMap",
    "Parsed",
    "candidates",
    "certain",
    "days_of_change",
    "judge_depth",
    "kind_of_door",
    "match_beat",
    "parsed",
    "place_of",
    "placed",
    "tiling_faults",
]
