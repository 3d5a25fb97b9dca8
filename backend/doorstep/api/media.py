"""Which JSON the client wants: GraphQL's own media type, or plain JSON as it has always been.

Source   GraphQL over HTTP, draft of 6 August 2026: who names neither gets application/json
"""

import re
from typing import Final

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"

_QUALITY: Final = re.compile(r"q=([01](?:\.\d{0,3})?)")


def qualities(accept: str) -> dict[str, float]:
    """Media types to their weight; the best one of a type named twice."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *params = (piece.strip() for piece in part.split(";"))
        weights[name] = max(weights.get(name, 0.0), _quality(params))
    return weights


def _quality(params: list[str]) -> float:
    found = (_QUALITY.fullmatch(param) for param in params)
    return next((float(match[1]) for match in found if match), 1.0)


def answer_type(accept: str | None) -> str:
    weights = qualities(accept or "*/*")
    wanted = weights.get(GRAPHQL, 0.0)
    return GRAPHQL if wanted > 0 and wanted >= weights.get(JSON, 0.0) else JSON
