"""Signing in and out, and finding the person behind a phone."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from doorstep.accounts import rules
from doorstep.accounts.model import (
    Account,
    Caller,
    Grant,
    Role,
    Session,
    SignInPolicy,
    SignInRefusal,
    SignInRefused,
    masked_phone,
)
from doorstep.accounts.outside import CodeSender
from doorstep.accounts.rules import Tokens
from doorstep.accounts.store import AccountStore, CodeStore, SessionStore
from doorstep.kit.clock import Clock
from doorstep.kit.ids import new_id
from doorstep.kit.mongo.driver import DriverError, heed_cancellation

log = logging.getLogger(__name__)

_REREAD_REVOKED_SECONDS: Final = 2.0


@dataclass(frozen=True)
class CodeSent:
    expires_at: datetime
    retry_after: timedelta


@dataclass(frozen=True)
class SignedIn:
    account: Account
    access_token: str
    refresh_token: str
    expires_at: datetime


@dataclass(frozen=True)
class Accounts:
    accounts: AccountStore
    sessions: SessionStore
    codes: CodeStore
    tokens: Tokens
    sender: CodeSender
    policy: SignInPolicy
    clock: Clock
    make_code: Callable[[str], str]
    """A code for a phone: random, but for demo people."""
    revoked: dict[str, datetime] = field(default_factory=dict)

    # ------------------------------------------------------------ signing in

    async def request_code(self, phone: str) -> CodeSent | SignInRefused:
        """Send a code, unless one went out too recently. Says nothing of who has an account."""
        now = self.clock.now()
        code = self.make_code(phone)
        wait = await self.codes.replace(phone, rules.hashed(code), at=now, policy=self.policy)
        if wait is not None:
            return SignInRefused(code=SignInRefusal.TOO_MANY_TRIES, retry_after=wait)
        await self.sender.send(phone, code)
        return CodeSent(
            expires_at=now + self.policy.code_lasts, retry_after=self.policy.resend_after
        )

    async def sign_in(
        self, phone: str, code: str, device_name: str | None
    ) -> SignedIn | SignInRefused:
        """A session for whoever holds the phone, who becomes a customer if new to us."""
        now = self.clock.now()
        sent = await self.codes.try_once(phone, at=now, tries=self.policy.code_tries)
        if sent is None and await self.codes.exhausted(phone):
            return SignInRefused(code=SignInRefusal.TOO_MANY_TRIES)
        if refusal := rules.judge_code(sent, code, at=now):
            return SignInRefused(code=refusal, path=("code",))
        if not await self.codes.use(phone, rules.hashed(code), at=now):
            return SignInRefused(code=SignInRefusal.CODE_EXPIRED, path=("code",))
        account = await self.person(phone)
        session, secret = self._new_session(account, device_name, now)
        await self.sessions.add(session)
        return self._signed_in(account, session, secret, now)

    async def refresh(self, refresh_token: str) -> SignedIn | SignInRefused:
        """A new pair for an old one. A token that comes twice ends the session it belongs to."""
        now = self.clock.now()
        session_id, _, secret = refresh_token.partition(".")
        fresh = rules.new_secret()
        session = await self.sessions.rotate(
            session_id,
            used=rules.hashed(secret),
            fresh=rules.hashed(fresh),
            at=now,
            until=now + self.policy.refresh_lasts,
        )
        if session is None:
            return await self._refuse_refresh(session_id, secret, now)
        account = await self.accounts.get(session.account_id)
        if account is None:
            return SignInRefused(code=SignInRefusal.SESSION_REVOKED)
        return self._signed_in(account, session, fresh, now)

    async def _refuse_refresh(self, session_id: str, secret: str, now: datetime) -> SignInRefused:
        """A token that was good once ends the session; one that never was ends nothing."""
        session = await self.sessions.get(session_id)
        if session is None or session.revoked_at or session.expires_at <= now:
            return SignInRefused(code=SignInRefusal.SESSION_REVOKED)
        if rules.hashed(secret) not in session.spent:
            return SignInRefused(code=SignInRefusal.SESSION_REVOKED)
        await self.end(session_id)
        return SignInRefused(code=SignInRefusal.REFRESH_TOKEN_REUSED)

    async def end(self, session_id: str) -> None:
        """Sign out: the refresh token is dead, and so is every access token of the session."""
        now = self.clock.now()
        await self.sessions.revoke(session_id, at=now)
        self.revoked[session_id] = now

    def _new_session(
        self, account: Account, device_name: str | None, now: datetime
    ) -> tuple[Session, str]:
        secret = rules.new_secret()
        session = Session(
            id=new_id("ses"),
            account_id=account.id,
            device_name=device_name,
            secret_hash=rules.hashed(secret),
            expires_at=now + self.policy.refresh_lasts,
        )
        return session, secret

    def _signed_in(
        self, account: Account, session: Session, secret: str, now: datetime
    ) -> SignedIn:
        caller = Caller(id=account.id, grants=account.grants, session_id=session.id)
        lasts = self.policy.access_lasts
        return SignedIn(
            account=account,
            access_token=self.tokens.made(caller, at=now, lasts=lasts),
            refresh_token=f"{session.id}.{secret}",
            expires_at=now + lasts,
        )

    # ------------------------------------------------------------ who is asking

    async def identify(self, token: str) -> Caller | None:
        """Who an access token speaks for. Asks no database: revoked sessions are followed."""
        caller = self.tokens.read(token, at=self.clock.now())
        return None if caller and self.has_ended(caller) else caller

    def has_ended(self, caller: Caller) -> bool:
        """Whether the session that the caller's token belongs to was ended, as far as we know."""
        return caller.session_id in self.revoked

    async def follow_revoked(self) -> None:
        """For ever: learn which sessions were ended by other processes.

        An access token outlives its session by a few seconds at most.
        """
        while True:
            heed_cancellation()
            since = self.clock.now() - self.policy.access_lasts
            for id in [id for id, at in self.revoked.items() if at < since]:
                del self.revoked[id]
            try:
                self.revoked.update(await self.sessions.revoked_since(since))
            except DriverError as error:  # it goes on: whoever signed out has to stay out
                log.warning("revoked sessions could not be read: %s", type(error).__name__)
            await asyncio.sleep(_REREAD_REVOKED_SECONDS)

    # ------------------------------------------------------------ people

    async def get(self, id: str) -> Account | None:
        return await self.accounts.get(id)

    async def by_phone(self, phone: str) -> Account | None:
        return await self.accounts.by_phone(phone)

    async def person(self, phone: str, name: str | None = None) -> Account:
        """Who has this phone; a new customer if nobody has."""
        if found := await self.accounts.by_phone(phone):
            return found
        account = Account(
            id=new_id("acc"),
            phone=phone,
            name=name or masked_phone(phone),
            created_at=self.clock.now(),
        )
        if await self.accounts.add(account):
            return account
        found = await self.accounts.by_phone(phone)
        assert found is not None
        return found

    async def grant(self, phone: str, role: Role, path: str) -> Account:
        """Give a role in a part of the bureau. Harmless when repeated."""
        account = await self.person(phone)
        grant = Grant(role=role, path=path)
        if grant not in account.grants:
            await self.accounts.set_grants(account.id, (*account.grants, grant))
        found = await self.accounts.get(account.id)
        assert found is not None
        return found
