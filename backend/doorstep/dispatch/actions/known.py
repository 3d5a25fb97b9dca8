"""What this process knows of rounds, so that it need not open the same doors again."""

from dataclasses import dataclass
from typing import Final

from doorstep.dispatch.model import Round, Stop
from doorstep.dispatch.rules import Call
from doorstep.kit.remembered import Latest

_ROUNDS_KEPT: Final = 2_000


@dataclass(frozen=True)
class Hung:
    """What one stop is for; `route_id`: of the ferry to it."""

    stop: Stop
    call: Call
    route_id: str | None


class Known:
    """What hangs on rounds, by their id, as they were read."""

    def __init__(self) -> None:
        self._rounds: Latest[str, tuple[Round, tuple[Hung, ...]]] = Latest(_ROUNDS_KEPT)

    def of(self, round: Round) -> tuple[Hung, ...] | None:
        known = self._rounds.get(round.id)
        return known[1] if known and known[0] == round else None

    def round(self, id: str, sequence: int) -> Round | None:
        """None: it has changed since, or was never seen."""
        known = self._rounds.get(id)
        return known[0] if known and known[0].sequence == sequence else None

    def keep(self, round: Round, hung: tuple[Hung, ...]) -> None:
        self._rounds.keep(round.id, (round, hung))
