"""Facts. A room states them; the outbox carries them; rooms above react."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Something that has happened and will not unhappen.

    `aggregate` is the id of what it happened to, and `sequence` counts what happened to it: the
    pair orders events of one thing, whoever relays them. No event carries personal data.
    """

    model_config = ConfigDict(frozen=True)

    aggregate: str
    sequence: int
    at: datetime
