"""How much one document may ask for, weighed in a single pass before it is validated.

Units    depth counts fields from the root; all else counts occurrences, with fragments spread out
Why      Strawberry's own limiters walk every path through the fragments, so that 20 fragments of
         30 bytes cost them seconds (the class of GHSA-mfj6-6p54-m98c). Here each fragment is
         weighed once, and its weight added wherever it is spread: linear in the document.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True)
class Limits:
    """Ceilings; a document that reaches past one is refused with QUERY_TOO_COMPLEX."""

    depth: int = 12
    introspection_depth: int = 20
    aliases: int = 30
    directives: int = 8
    root_fields: int = 25
    tokens: int = 5_000
    bytes: int = 100_000
    fields: int = 5_000
    siblings: int = 200
    errors_shown: int = 20


class Weight(NamedTuple):
    """What a selection asks for. `here`: the fields on its own level; `widest`: the most on any."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    here: int = 0
    widest: int = 0


NOTHING: Final = Weight()


def beside(one: Weight, other: Weight) -> Weight:
    """Two selections on the same level: depths compete, counts add up."""
    here = one.here + other.here
    return Weight(
        depth=max(one.depth, other.depth),
        introspection_depth=max(one.introspection_depth, other.introspection_depth),
        aliases=one.aliases + other.aliases,
        directives=one.directives + other.directives,
        fields=one.fields + other.fields,
        here=here,
        widest=max(here, one.widest, other.widest),
    )


def heaviest(one: Weight, other: Weight) -> Weight:
    """Two operations of one document: only one of them will run, so each number is the larger."""
    return Weight(*map(max, one, other))


@dataclass(frozen=True)
class _Scales:
    """The fragments of one document, and what is known of their weights."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Weight] = field(default_factory=dict)

    def selection(self, selected: SelectionSetNode | None) -> Weight:
        total = NOTHING
        for node in selected.selections if selected else ():
            total = beside(total, self._node(node))
        return total

    def _node(self, node: SelectionNode) -> Weight:
        match node:
            case FieldNode():
                below = self.selection(node.selection_set)
                return _under_field(node, below)
            case FragmentSpreadNode():
                below = self._fragment(node.name.value)
            case InlineFragmentNode():
                below = self.selection(node.selection_set)
            case _:
                return NOTHING
        return below._replace(directives=below.directives + len(node.directives or ()))

    def _fragment(self, name: str) -> Weight:
        """Weighed once. Inside itself a fragment weighs nothing: validation refuses the circle."""
        if name not in self.known and (fragment := self.fragments.get(name)):
            self.known[name] = NOTHING
            below = self.selection(fragment.selection_set)
            own = len(fragment.directives or ())
            self.known[name] = below._replace(directives=below.directives + own)
        return self.known.get(name, NOTHING)


def _under_field(node: FieldNode, below: Weight) -> Weight:
    meta = node.name.value in INTROSPECTION
    return Weight(
        depth=1 if meta else below.depth + 1,
        introspection_depth=below.depth + 1 if meta else below.introspection_depth,
        aliases=below.aliases + (node.alias is not None),
        directives=below.directives + len(node.directives or ()),
        fields=below.fields + 1,
        here=1,
        widest=max(1, below.widest),
    )


def weigh(document: DocumentNode) -> Weight:
    """The weight of the heaviest operation; `here` are then its root fields."""
    scales = _Scales(
        {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
    )
    heaviest_yet = NOTHING
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            weight = scales.selection(node.selection_set)
            own = len(node.directives or ())
            weight = weight._replace(directives=weight.directives + own)
            heaviest_yet = heaviest(heaviest_yet, weight)
    return heaviest_yet


def _measures(weight: Weight, limits: Limits) -> Iterator[tuple[str, int, int]]:
    yield "levels deep", weight.depth, limits.depth
    yield "levels of introspection deep", weight.introspection_depth, limits.introspection_depth
    yield "aliases", weight.aliases, limits.aliases
    yield "directives", weight.directives, limits.directives
    yield "root fields", weight.here, limits.root_fields
    yield "fields side by side", weight.widest, limits.siblings
    yield "fields", weight.fields, limits.fields


def verdict(weight: Weight, limits: Limits) -> str | None:
    """Why a document of this weight is refused, or None."""
    for what, counted, ceiling in _measures(weight, limits):
        if counted > ceiling:
            said = counted if counted < 1_000_000 else "Over a million"
            return f"{said} {what}; at most {ceiling} are allowed."
    return None
