"""What is committed when the server ends a transaction just before it is."""

import pytest

from doorstep.kit.documents import Document
from doorstep.kit.mongo.transactions import Mongo, Tx


@pytest.mark.row("A2")
async def test_a_transaction_that_the_server_ended_before_its_commit_runs_again(mongo: Mongo):
    await mongo.db.create_collection("bells")
    runs: list[int] = []

    async def body(tx: Tx) -> None:
        runs.append(len(runs))
        bell: Document = {"_id": "bell", "run": len(runs)}
        await mongo["bells"].insert_one(bell, session=tx.session)
        if len(runs) < 3:
            await mongo.client.admin.command({"killSessions": [dict(tx.session.session_id)]})

    await mongo.transact(body)

    assert runs == [0, 1, 2]
    assert await mongo["bells"].find_one({}) == {"_id": "bell", "run": 3}
