"""Accounts as the outside world sees them."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from doorstep.accounts import actions, model
from doorstep.accounts.model import ANYONE, SIGNED_IN
from doorstep.accounts.permissions import mutation, query
from doorstep.kit.gql import (
    Info,
    InvalidInput,
    Node,
    Refused,
    asking,
    at_most,
    explain,
    given,
    invalid,
    public,
    shown,
)
from doorstep.kit.refusals import Locale

explain(
    model.Role,
    "What someone may do. Staff hold a role in a part of the bureau.",
    {
        model.Role.CUSTOMER: "Books for themselves.",
        model.Role.COURIER: "Comes to the door.",
        model.Role.AGENT: "Books for whoever is on the phone or at the counter.",
        model.Role.DISPATCHER: "Says which courier goes where, in their branch.",
        model.Role.CLIENT_MANAGER: "Works a large client's account.",
        model.Role.SUPERVISOR: "Answers for the branches under them.",
        model.Role.ADMIN: "Runs the installation.",
    },
)
explain(model.SignInRefusal, "Why a sign-in is refused.", model.SIGN_IN_WORDS)


@public("A person who can sign in.")
class Account(Node):
    display_name: str = shown("How to address them.")
    phone: str | None = shown("Their own phone, E.164: only they themselves see it.")
    roles: list[model.Role] = shown("What they may do.")
    locale: str = shown("The language they prefer: zh-CN or en.")

    @classmethod
    def of(cls, account: model.Account) -> Self:
        return cls(
            id=strawberry.ID(account.id),
            display_name=account.name or "",
            phone=account.phone,
            roles=list(account.roles),
            locale=account.locale.value,
        )


@public("A device's sign-in.")
class Session:
    access_token: str = shown("For the Authorization header: `Bearer …`. Short-lived.")
    refresh_token: str = shown("Good once, for refreshSession. Using it twice ends the session.")
    expires_at: datetime = shown("When the access token ends.")
    account: Account = shown("Who signed in.")

    @classmethod
    def of(cls, signed_in: actions.SignedIn) -> Self:
        return cls(
            access_token=signed_in.access_token,
            refresh_token=signed_in.refresh_token,
            expires_at=signed_in.expires_at,
            account=Account.of(signed_in.account),
        )


@public("A sign-in was refused.")
class SignInRefused(Refused):
    code: model.SignInRefusal = shown("Why.")
    retry_after_seconds: int | None = shown("When trying again makes sense.")

    @classmethod
    def of(cls, refused: model.SignInRefused, locale: Locale) -> Self:
        wait = refused.retry_after
        return cls(
            message=model.SIGN_IN_WORDS[refused.code].spoken(locale),
            path=list(refused.path) or None,
            code=refused.code,
            retry_after_seconds=None if wait is None else max(1, round(wait.total_seconds())),
        )


@public("A code is on its way.")
class SignInCodeSent:
    expires_at: datetime = shown("Until when it is good.")
    retry_after_seconds: int = shown("When another may be asked for.")


@public("Signed in.")
class SignedIn:
    session: Session = shown("The new session.")


RequestSignInCodeResult = Annotated[
    SignInCodeSent | SignInRefused | InvalidInput,
    strawberry.union("RequestSignInCodeResult", description="What came of asking for a code."),
]
SignInResult = Annotated[
    SignedIn | SignInRefused | InvalidInput,
    strawberry.union("SignInResult", description="What came of signing in."),
]
RefreshSessionResult = Annotated[
    SignedIn | SignInRefused | InvalidInput,
    strawberry.union("RefreshSessionResult", description="What came of refreshing a session."),
]


@asking("Ask for a one-time code.")
class RequestSignInCodeInput:
    phone: str = given("A Chinese mobile number, or any number in E.164.")


@asking("Sign in with the code that was sent.")
class SignInInput:
    phone: str = given("The phone the code was sent to.")
    code: str = given("The six digits.")
    device_name: str | None = given("What to call this device.", default=None)


@asking("Get a new pair of tokens.")
class RefreshSessionInput:
    refresh_token: str = given("The session's latest refresh token.")


def phone_in(text: str, *path: str) -> str:
    """The phone as E.164. Raises InvalidAsk."""
    if phone := model.e164(text[:40]):
        return phone
    raise invalid(*path, zh="请填写正确的电话号码。", en="That is not a phone number.")


def _accounts(info: Info) -> actions.Accounts:
    accounts: actions.Accounts = info.context.house.accounts
    return accounts


@strawberry.type
class AccountQuery:
    @query("Who I am.", to=SIGNED_IN)
    async def me(self, info: Info) -> Account | None:
        account = await _accounts(info).get(info.context.caller.id)
        return Account.of(account) if account else None


@strawberry.type
class AccountMutation:
    @mutation("Send a one-time code to a phone.", to=ANYONE)
    async def request_sign_in_code(
        self,
        info: Info,
        input: Annotated[RequestSignInCodeInput, strawberry.argument(description="Which phone.")],
    ) -> RequestSignInCodeResult:
        outcome = await _accounts(info).request_code(phone_in(input.phone, "phone"))
        if isinstance(outcome, model.SignInRefused):
            return SignInRefused.of(outcome, info.context.locale)
        return SignInCodeSent(
            expires_at=outcome.expires_at,
            retry_after_seconds=round(outcome.retry_after.total_seconds()),
        )

    @mutation("Sign in. Whoever is new becomes a customer.", to=ANYONE)
    async def sign_in(
        self,
        info: Info,
        input: Annotated[SignInInput, strawberry.argument(description="Phone and code.")],
    ) -> SignInResult:
        name = at_most(input.device_name, 100, "deviceName")
        outcome = await _accounts(info).sign_in(phone_in(input.phone, "phone"), input.code, name)
        return _signed_in(outcome, info)

    @mutation("Exchange a refresh token for a new pair.", to=ANYONE)
    async def refresh_session(
        self,
        info: Info,
        input: Annotated[RefreshSessionInput, strawberry.argument(description="The token.")],
    ) -> RefreshSessionResult:
        return _signed_in(await _accounts(info).refresh(input.refresh_token), info)

    @mutation("End this session: its tokens are good for nothing any more.", to=SIGNED_IN)
    async def sign_out(self, info: Info) -> bool:
        if session_id := info.context.caller.session_id:
            await _accounts(info).end(session_id)
        return True


def _signed_in(
    outcome: actions.SignedIn | model.SignInRefused, info: Info
) -> SignedIn | SignInRefused:
    if isinstance(outcome, model.SignInRefused):
        return SignInRefused.of(outcome, info.context.locale)
    return SignedIn(session=Session.of(outcome))
