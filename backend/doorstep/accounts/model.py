"""Who someone is, and what they may ask.

Phones  E.164 ("+8613900000001"); kept sealed, found by a blind index, shown masked
Tokens  an access token is short-lived and self-contained; a refresh token serves once
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import phonenumbers
from pydantic import BaseModel, ConfigDict

from doorstep.kit.documents import Stored
from doorstep.kit.refusals import Locale, Refusal, Words


class Role(StrEnum):
    CUSTOMER = "CUSTOMER"
    COURIER = "COURIER"
    AGENT = "AGENT"
    DISPATCHER = "DISPATCHER"
    CLIENT_MANAGER = "CLIENT_MANAGER"
    SUPERVISOR = "SUPERVISOR"
    ADMIN = "ADMIN"


Roles = frozenset[Role]

ANYONE: Final[Roles | None] = None
"""Also who is not signed in: for signing in."""
SIGNED_IN: Final[Roles] = frozenset(Role)
CUSTOMER: Final[Roles] = frozenset({Role.CUSTOMER})
COURIER: Final[Roles] = frozenset({Role.COURIER})
AGENT: Final[Roles] = frozenset({Role.AGENT})
CUSTOMER_OR_AGENT: Final[Roles] = CUSTOMER | AGENT
DISPATCH: Final[Roles] = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN})
SUPERVISORS: Final[Roles] = frozenset({Role.SUPERVISOR, Role.ADMIN})
STAFF: Final[Roles] = DISPATCH | AGENT


class Grant(BaseModel):
    """A role, and the part of the bureau it is good for: a path of unit ids, "" for everywhere."""

    model_config = ConfigDict(frozen=True)

    role: Role
    path: str = ""


class Caller(BaseModel):
    """Who is asking, as their access token says."""

    model_config = ConfigDict(frozen=True)

    id: str
    grants: tuple[Grant, ...]
    session_id: str | None = None

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)

    def may(self, roles: Iterable[Role], path: str) -> bool:
        """Whether one of `roles` is theirs in the part of the bureau that `path` lies in."""
        wanted = frozenset(roles)
        return any(grant.role in wanted and path.startswith(grant.path) for grant in self.grants)

    def paths(self, roles: Iterable[Role]) -> tuple[str, ...]:
        """The parts of the bureau in which one of `roles` is theirs."""
        wanted = frozenset(roles)
        return tuple(grant.path for grant in self.grants if grant.role in wanted)

    def acting_as(self, roles: Iterable[Role]) -> Role:
        """Which of `roles` is theirs: the first that they were granted. They have one."""
        wanted = frozenset(roles)
        return next(grant.role for grant in self.grants if grant.role in wanted)


CUSTOMER_ONLY: Final = (Grant(role=Role.CUSTOMER),)


class Account(Stored):
    """A person. `phone` and `name` are None once they have been erased."""

    phone: str | None
    name: str | None
    grants: tuple[Grant, ...] = CUSTOMER_ONLY
    locale: Locale = Locale.ZH
    created_at: datetime

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(dict.fromkeys(grant.role for grant in self.grants))


class Session(Stored):
    """One device's sign-in. `secret_hash` is that of the only refresh token good now."""

    account_id: str
    device_name: str | None
    secret_hash: bytes
    spent: tuple[bytes, ...] = ()
    """Hashes of the tokens that went before: one that comes back was stolen, or is a replay."""
    expires_at: datetime
    revoked_at: datetime | None = None


class Code(BaseModel):
    """A one-time code on its way to a phone. Only its hash is kept."""

    model_config = ConfigDict(frozen=True)

    code_hash: bytes
    expires_at: datetime
    tries: int


class SignInPolicy(BaseModel):
    """How patient sign-in is. No source names these numbers: they are configuration."""

    model_config = ConfigDict(frozen=True)

    code_lasts: timedelta = timedelta(minutes=5)
    code_tries: int = 5
    resend_after: timedelta = timedelta(seconds=60)
    codes_an_hour: int = 6
    access_lasts: timedelta = timedelta(minutes=15)
    refresh_lasts: timedelta = timedelta(days=60)


class SignInRefusal(StrEnum):
    WRONG_CODE = "WRONG_CODE"
    CODE_EXPIRED = "CODE_EXPIRED"
    TOO_MANY_TRIES = "TOO_MANY_TRIES"
    SESSION_REVOKED = "SESSION_REVOKED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"


SIGN_IN_WORDS: Final[dict[SignInRefusal, Words]] = {
    SignInRefusal.WRONG_CODE: Words("验证码不对。", "That code is not right."),
    SignInRefusal.CODE_EXPIRED: Words(
        "验证码已过期，请重新获取。", "That code has expired. Ask for a new one."
    ),
    SignInRefusal.TOO_MANY_TRIES: Words(
        "尝试次数过多，请稍后再试。", "Too many tries. Please wait a little."
    ),
    SignInRefusal.SESSION_REVOKED: Words(
        "登录已失效，请重新登录。", "This sign-in has ended. Please sign in again."
    ),
    SignInRefusal.REFRESH_TOKEN_REUSED: Words(
        "此登录凭证已被用过，为安全起见请重新登录。",
        "This refresh token was used before. To be safe, please sign in again.",
    ),
}


class SignInRefused(Refusal):
    code: SignInRefusal
    retry_after: timedelta | None = None


def e164(text: str) -> str | None:
    """The phone as E.164, read as Chinese unless it says otherwise. None: it is no phone."""
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked_phone(phone: str) -> str:
    """ "+8613912345678" as "139****5678"."""
    national = phone.removeprefix("+86")
    return f"{national[:3]}****{national[-4:]}"


def masked_name(name: str) -> str:
    """ "王小明" as "王**": enough to greet, not enough to know."""
    return name[:1] + "*" * min(2, max(1, len(name) - 1))
