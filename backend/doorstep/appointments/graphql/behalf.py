"""For whom somebody acts: themselves, or the customer an agent has on the phone."""

from pydantic import BaseModel

from doorstep.accounts.graphql import phone_in
from doorstep.accounts.model import Caller, Role
from doorstep.addresses.model import Short
from doorstep.appointments.graphql.inputs import (
    OnBehalfOfInput,
)
from doorstep.catalogue.model import Channel
from doorstep.kit.gql import Info, invalid, parsed


class Named(BaseModel):
    label: Short


class NoConsent(Exception):
    """An agent acts for a customer who has not agreed."""


class Behalf(BaseModel):
    """Who is served, and through whom."""

    customer_id: str
    caller_id: str
    role: Role
    channel: Channel
    phone: str | None = None
    name: str | None = None


async def behalf_of(info: Info, asked: OnBehalfOfInput | None, *, dry: bool) -> Behalf:
    """For whom the caller acts: themselves, or the customer an agent has on the phone.

    Raises InvalidAsk for an agent who names nobody and for a customer who names another, and
    NoConsent. A dry run makes no account.
    """
    caller: Caller = info.context.caller
    if asked is None:
        if Role.CUSTOMER not in caller.roles:
            raise invalid(
                "onBehalfOf", zh="请注明代哪位客户操作。", en="Say for which customer you act."
            )
        return Behalf(
            customer_id=caller.id, caller_id=caller.id, role=Role.CUSTOMER, channel=Channel.APP
        )
    if Role.AGENT not in caller.roles:
        raise invalid("onBehalfOf", zh="只有坐席可以代客户操作。", en="Only an agent may do that.")
    phone = phone_in(asked.phone, "onBehalfOf", "phone")
    name = parsed(Named, under=("onBehalfOf",), label=asked.name).label
    if not asked.consent_given:
        raise NoConsent
    accounts = info.context.house.accounts
    account = await (accounts.by_phone(phone) if dry else accounts.person(phone, name))
    return Behalf(
        customer_id=account.id if account else "acc_unknown",
        caller_id=caller.id,
        role=Role.AGENT,
        channel=asked.channel,
        phone=phone,
        name=name,
    )
