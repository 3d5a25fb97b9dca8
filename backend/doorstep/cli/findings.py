"""What a check comes to: how it is, and if it is not well, how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`told` is what was seen; `mend` is what to do, in one line, where something is to be done."""

    check: str
    state: State
    told: str
    mend: str = ""


def ok(check: str, told: str) -> Finding:
    return Finding(check, State.OK, told)


def warn(check: str, told: str, mend: str) -> Finding:
    return Finding(check, State.WARN, told, mend)


def fail(check: str, told: str, mend: str) -> Finding:
    return Finding(check, State.FAIL, told, mend)
