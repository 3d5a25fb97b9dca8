"""What is kept: frozen Pydantic models that become MongoDB documents and come back the same."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

Document = dict[str, Any]


class Stored(BaseModel):
    """A document with an id of its own. Frozen: a change is a store's verb, never an assignment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str

    def document(self) -> Document:
        """The form that MongoDB keeps."""
        document = self.model_dump()
        document["_id"] = document.pop("id")
        return document

    @classmethod
    def of_document(cls, document: Document) -> Self:
        return cls.model_validate({**document, "id": document["_id"]})


def changes(before: Stored, after: Stored) -> Document:
    """The fields to `$set` so that `before`, as stored, becomes `after`."""
    old, new = before.document(), after.document()
    return {name: value for name, value in new.items() if old[name] != value}
