"""Item numbers: the international one of UPU S10, and the bureau's own pattern.

S10  two letters, eight digits, a check digit, two letters: RR473124829CN
"""

import re
from typing import Final

from doorstep.kit.refusals import Words

_S10: Final = re.compile(r"([A-Z]{2})([0-9]{8})([0-9])([A-Z]{2})")
_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_RESERVED: Final = frozenset("JKSTW")


def check_digit(serial: str) -> int:
    """The digit that S10 puts after eight digits: 11 - (weighted sum mod 11), 10 as 0, 11 as 5.

    Source: UPU S10; worked examples RR 47312482 9 GB and EE 47110815 1 FR.
    """
    remainder = sum(int(d) * w for d, w in zip(serial, _WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(11 - remainder, 11 - remainder)


def problem_with(item: str, domestic: re.Pattern[str]) -> Words | None:
    """What is wrong with an item number. None: it is one of ours, or an S10 that adds up."""
    if domestic.fullmatch(item):
        return None
    match = _S10.fullmatch(item)
    if match is None:
        return Words("邮件号码格式不对。", "That is not an item number.")
    indicator, serial, digit, _ = match.groups()
    if indicator[0] in _RESERVED:
        return Words("邮件号码的业务代码不对。", "No item number begins with that letter.")
    if int(digit) != check_digit(serial):
        return Words("邮件号码的校验位不对。", "The item number's check digit is wrong.")
    return None


def normal(item: str) -> str:
    """As it is written on the label: capitals, no spaces."""
    return re.sub(r"[\s-]", "", item).upper()
