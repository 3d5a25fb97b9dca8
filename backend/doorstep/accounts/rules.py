"""Tokens and codes: what they say, and whether they are good. Pure, but for fresh randomness.

Access tokens are JWTs (RFC 7519) signed with HS256; a refresh token is `session id.secret`.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from doorstep.accounts.model import Caller, Code, Grant, SignInRefusal

_ALGORITHM: Final = "HS256"
_CODE_DIGITS: Final = 6
AT_ONCE: Final = timedelta(0)


class Tokens:
    """Makes and reads access tokens with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    def made(self, caller: Caller, *, at: datetime, lasts: timedelta) -> str:
        claims = {
            "sub": caller.id,
            "iat": int(at.timestamp()),
            "exp": int((at + lasts).timestamp()),
            "grants": [[grant.role.value, grant.path] for grant in caller.grants],
        }
        if caller.session_id:
            claims["sid"] = caller.session_id
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def read(self, token: str, *, at: datetime) -> Caller | None:
        """Who the token speaks for. None: it is forged, malformed or over."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            if claims["exp"] <= at.timestamp():
                return None
            return Caller(
                id=claims["sub"],
                grants=tuple(Grant(role=role, path=path) for role, path in claims["grants"]),
                session_id=claims.get("sid"),
            )
        except (JoseError, ValueError, TypeError, KeyError):
            return None


def new_code() -> str:
    """Six digits, each as likely as the next."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def hashed(text: str) -> bytes:
    """For secrets that are random, or that live for minutes: no slow hash is needed."""
    return sha256(text.encode()).digest()


def judge_code(code: Code | None, given: str, *, at: datetime) -> SignInRefusal | None:
    """Whether `given` is the code that was sent. A try has been counted before this is asked."""
    if code is None or code.expires_at <= at:
        return SignInRefusal.CODE_EXPIRED
    if not compare_digest(code.code_hash, hashed(given)):
        return SignInRefusal.WRONG_CODE
    return None
