"""What every mutation takes and says: one effect for one key, and a no in the caller's words."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
import strawberry

from doorstep.kit.gql import Info, asking, given, invalid
from doorstep.kit.mongo.transactions import Attempt
from doorstep.kit.refusals import Refusal, Words

_KEY_LENGTH: Final = 200


@asking("An input that has an effect.")
class Keyed:
    idempotency_key: strawberry.ID | None = given(
        "The client's name for this one effect: sent again, it happens once. Kept 48 hours.",
        default=None,
    )
    validate_only: bool = given(
        "Judge only: the same answer, nothing written, no key claimed.", default=False
    )


def attempt_of(info: Info, input: Keyed, field: str, at: datetime) -> Attempt:
    """What makes this request the same as, or another than, one sent before under its key.

    Keys are scoped to account and field; the body's hash leaves out the key and validateOnly. It is
    kept under the house's own secret: a gate code has few enough forms to be guessed from a bare
    hash.
    """
    key = input.idempotency_key
    if key is not None and not 0 < len(key) <= _KEY_LENGTH:
        raise invalid(
            "idempotencyKey",
            zh=f"须为 1 到 {_KEY_LENGTH} 个字符。",
            en=f"It has 1 to {_KEY_LENGTH} characters.",
        )
    body = asdict(input)
    del body["idempotency_key"], body["validate_only"]
    return Attempt(
        at=at,
        key=f"{info.context.caller.id}|{field}|{key}" if key else None,
        body_hash=info.context.house.vault.blind(body_hash(body).hex()),
        dry=input.validate_only,
    )


def body_hash(body: Any) -> bytes:
    """Tells one request from another under the same key. What was not given counts as null."""
    text = orjson.dumps(body, default=_absent, option=orjson.OPT_SORT_KEYS)
    return sha256(text).digest()


def _absent(value: object) -> None:
    if value is not strawberry.UNSET:
        raise TypeError(f"not part of a request: {type(value)}")


def said_no(refused: Refusal, words: Mapping[Any, Words], info: Info) -> dict[str, Any]:
    """What is shown of every refusal: why, in the caller's language, and where."""
    return {
        "message": words[refused.code].spoken(info.context.locale),
        "path": list(refused.path) or None,
        "code": refused.code,
    }
