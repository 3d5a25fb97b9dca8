"""Expected no's are values: a code, a path to the input at fault, and words in two languages."""

from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict


class Locale(StrEnum):
    """The languages we speak to people."""

    ZH = "zh-CN"
    EN = "en"


class Words(NamedTuple):
    """One thing said in both languages."""

    zh: str
    en: str

    def spoken(self, locale: Locale) -> str:
        return self.en if locale is Locale.EN else self.zh


class Refusal(BaseModel):
    """An expected no. A room's refusals narrow `code` to an enum of their own."""

    model_config = ConfigDict(frozen=True)

    code: StrEnum
    path: tuple[str, ...] = ()


class WordedError(ValueError):
    """What a model's own validator raises: already in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


class Problem(BaseModel):
    """What is wrong with one input, whatever the state of the world."""

    model_config = ConfigDict(frozen=True)

    path: tuple[str, ...]
    words: Words


class Invalid(BaseModel):
    """The request makes no sense by itself."""

    model_config = ConfigDict(frozen=True)

    problems: tuple[Problem, ...]

    @classmethod
    def at(cls, *path: str, zh: str, en: str) -> "Invalid":
        return cls(problems=(Problem(path=path, words=Words(zh, en)),))


INVALID: Final = Words("请检查填写的内容。", "Please check what you entered.")
