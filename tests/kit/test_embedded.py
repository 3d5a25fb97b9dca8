"""A real mongod, really killed."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from pymongo import WriteConcern

from doorstep.kit.mongo.embedded import (
    Client,
    DataFolderBusy,
    EmbeddedMongo,
    NoMongod,
    OtherServerVersion,
    attached,
    find_mongod,
    tethered,
)

OWNER = """
import sys
from pathlib import Path
from pymongo import MongoClient, WriteConcern
from doorstep.kit.mongo.embedded import EmbeddedMongo

mongo = EmbeddedMongo(Path(sys.argv[1]))
client = MongoClient(mongo.start())
print(mongo.pid, flush=True)
letters = client.post.get_collection("letters", write_concern=WriteConcern("majority"))
for number in range(100_000):
    letters.insert_one({"_id": number})
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongo]:
    with EmbeddedMongo(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running


def post(uri: str, numbers: range) -> None:
    with Client(uri) as client:
        letters = client.post.get_collection("letters", write_concern=WriteConcern("majority"))
        for number in numbers:
            letters.insert_one({"_id": number})


def posted(uri: str) -> set[int]:
    with Client(uri) as client:
        return {letter["_id"] for letter in client.post.letters.find()}


def gone(pid: int, *, within: float = 5) -> bool:
    """Whether the process ends in time; a zombie nobody has reaped has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def sockets_of(pid: int) -> set[str]:
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a file it has closed since
            target = os.readlink(descriptor)
            if target.startswith("socket:["):
                inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    return inodes


def inodes_in(table: str) -> set[str]:
    return {line.split()[9] for line in Path(table).read_text().splitlines()[1:]}


# While it runs


def test_nothing_listens_on_the_network(mongo):
    assert mongo.pid
    ours = sockets_of(mongo.pid)

    assert ours
    assert not ours & (inodes_in("/proc/net/tcp") | inodes_in("/proc/net/tcp6"))


def test_its_one_address_is_the_socket_in_the_runtime_folder(mongo):
    where = json.loads((mongo.data / "mongo.json").read_text())
    named = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    ours = sockets_of(mongo.pid)

    assert {line[7] for line in named if len(line) == 8 and line[6] in ours} == {where["socket"]}


def test_only_this_user_can_reach_the_socket_and_the_data(mongo):
    where = json.loads((mongo.data / "mongo.json").read_text())
    socket_path = Path(where["socket"])

    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(mongo.data.stat().st_mode) == 0o700


def test_what_it_says_of_itself_is_enough_to_find_it(mongo):
    where = json.loads((mongo.data / "mongo.json").read_text())

    assert attached(mongo.data) == where["uri"] == mongo.start()
    assert (where["pid"], where["owner_pid"]) == (mongo.pid, os.getpid())
    assert where["uri"].endswith("m.sock/?replicaSet=rs0")


def test_a_transaction_commits(mongo):
    with Client(mongo.start()) as client, client.start_session() as session:
        session.with_transaction(
            lambda session: client.post.parcels.insert_one({"_id": 1}, session=session)
        )

        assert client.post.parcels.count_documents({}) == 1


def test_mongod_inherits_neither_our_environment_nor_our_folder(mongo):
    process = Path(f"/proc/{mongo.pid}")

    assert set(process.joinpath("environ").read_text().split("\0")) == {
        "PATH=/usr/bin:/bin",
        "LC_ALL=C",
        "",
    }
    assert process.joinpath("cwd").readlink() == mongo.data / "mongo"


def test_an_empty_database_is_small_on_disk(mongo):
    files = (mongo.data / "mongo").rglob("*")

    assert sum(file.stat().st_blocks * 512 for file in files) < 40_000_000


def test_a_second_owner_is_told_who_the_first_is(mongo):
    with pytest.raises(DataFolderBusy, match=f"process {os.getpid()}. Stop that process"):
        EmbeddedMongo(mongo.data).start()

    assert attached(mongo.data)


def test_two_data_folders_are_served_side_by_side(mongo, tmp_path):
    with EmbeddedMongo(tmp_path / "data") as other:
        post(other.start(), range(1))

        assert posted(mongo.start()) == set()


def test_what_a_passing_thread_started_outlives_it():
    started: list[subprocess.Popen[bytes]] = []
    start = partial(
        tethered, ["sleep", "60"], last=signal.SIGKILL, env={}, output=subprocess.DEVNULL
    )
    passing = threading.Thread(target=lambda: started.append(start()))
    passing.start()
    passing.join()

    with started[0] as child:
        assert not gone(child.pid, within=0.3)
        child.kill()


# When something dies


def test_a_clean_stop_leaves_no_process_no_socket_and_no_address(tmp_path):
    mongo = EmbeddedMongo(tmp_path / "data")
    mongo.start()
    pid = mongo.pid
    socket_path = Path(json.loads((mongo.data / "mongo.json").read_text())["socket"])
    mongo.stop()
    mongo.stop()

    assert pid
    assert gone(pid, within=0.1)
    assert not socket_path.parent.exists()
    assert not (mongo.data / "mongo.json").exists()
    assert attached(mongo.data) is None


def test_acknowledged_writes_survive_a_kill_9_of_mongod(tmp_path):
    with EmbeddedMongo(tmp_path / "data") as mongo:
        uri = mongo.start()
        post(uri, range(200))
        assert mongo.pid
        os.kill(mongo.pid, signal.SIGKILL)
        while mongo.alive():
            time.sleep(0.01)

        assert attached(mongo.data) is None
        assert mongo.restart() == uri
        assert posted(uri) == set(range(200))


def test_a_kill_9_of_the_owner_takes_mongod_away_and_leaves_every_acknowledged_write(tmp_path):
    command = [sys.executable, "-c", OWNER, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        mongod = int(owner.stdout.readline())
        acknowledged = {int(owner.stdout.readline()) for _ in range(200)}
        owner.kill()

    with EmbeddedMongo(tmp_path / "data") as heir:
        assert gone(mongod, within=0.1)
        assert acknowledged <= posted(heir.start())


def test_a_folder_that_was_moved_opens_with_all_it_held(tmp_path):
    with EmbeddedMongo(tmp_path / "here") as mongo:
        before = mongo.start()
        post(before, range(10))
    (tmp_path / "here").rename(tmp_path / "there")

    with EmbeddedMongo(tmp_path / "there") as mongo:
        after = mongo.start()
        assert after != before
        assert posted(after) == set(range(10))


def test_a_mongod_that_cannot_start_is_told_with_its_log(tmp_path):
    mongo = EmbeddedMongo(tmp_path)
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "journal").write_text("this should be a folder")

    with pytest.raises(NoMongod, match=r"ended with .*mongod\.log says why"):
        mongo.start()

    assert not mongo.alive()


# What is refused


def test_an_address_nobody_answers_at_is_not_an_attachment(tmp_path):
    where = {"uri": "mongodb://x", "socket": str(tmp_path / "m.sock")}
    (tmp_path / "mongo.json").write_text(json.dumps(where))

    assert attached(tmp_path) is None


def test_a_socket_path_too_long_for_the_kernel_is_refused_with_the_cure(tmp_path):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    mongo = EmbeddedMongo(tmp_path / "data", environ={**os.environ, "XDG_RUNTIME_DIR": str(deep)})

    with pytest.raises(NoMongod, match=r"107 bytes.* Set XDG_RUNTIME_DIR"):
        mongo.start()


def test_a_socket_path_of_exactly_107_bytes_is_served(tmp_path):
    name = f"doorstep-{os.getuid()}-{'0' * 12}/m.sock"
    runtime = Path("/tmp") / f"doorstep-test-{os.getpid()}-".ljust(107 - len(f"/tmp//{name}"), "x")
    runtime.mkdir()
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    with EmbeddedMongo(tmp_path / "data", environ=environ) as mongo:
        where = json.loads((mongo.data / "mongo.json").read_text())
        assert len(where["socket"]) == 107
    runtime.rmdir()


def test_a_runtime_folder_that_is_not_ours_alone_is_refused(tmp_path):
    with EmbeddedMongo(tmp_path / "data") as mongo:
        where = json.loads((mongo.data / "mongo.json").read_text())
    folder = Path(where["socket"]).parent

    folder.mkdir()
    for mode in (0o710, 0o701):
        folder.chmod(mode)
        with pytest.raises(NoMongod, match="not a folder of this user alone"):
            mongo.start()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(NoMongod, match="not a folder of this user alone"):
        mongo.start()
    folder.unlink()


def test_the_data_of_another_series_of_server_is_not_touched(tmp_path):
    (tmp_path / "mongo.version").write_text("5.0.32\n")

    with pytest.raises(OtherServerVersion, match=r"written by mongod 5\.0\.32.*a mongod 5\.0,"):
        EmbeddedMongo(tmp_path).start()

    assert list((tmp_path / "mongo").iterdir()) == []


def test_the_data_of_another_patch_of_the_same_series_is_opened(tmp_path):
    version = find_mongod(os.environ).version
    series = version.rpartition(".")[0]
    (tmp_path / "mongo.version").write_text(f"{series}.99\n")

    with EmbeddedMongo(tmp_path):
        assert (tmp_path / "mongo.version").read_text().strip() == version


# Which mongod


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_mongod_that_was_named_comes_before_the_one_on_the_path(tmp_path):
    named = script(tmp_path / "named", "echo db version v8.0.1")
    script(tmp_path / "mongod", "echo db version v7.0.2")

    on_path = find_mongod({"PATH": str(tmp_path)})
    by_name = find_mongod({"PATH": str(tmp_path), "DOORSTEP_MONGOD": str(named)})

    assert (on_path.source, on_path.version) == ("PATH", "7.0.2")
    assert (by_name.source, by_name.version) == ("DOORSTEP_MONGOD", "8.0.1")


def test_a_broken_mongod_on_the_path_does_not_hide_the_wheel(tmp_path):
    script(tmp_path / "mongod", "exit 1")

    assert find_mongod({"PATH": str(tmp_path)}).source == "wheel"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            "echo libcurl.so.4: cannot open shared object file >&2; exit 127",
            "libcurl.so.4: cannot open",
            id="a library is missing",
        ),
        pytest.param("exit 3", "ended with exit status 3", id="it fails and says nothing"),
        pytest.param("echo hello", "hello", id="it is something else"),
    ],
)
def test_a_named_mongod_that_does_not_run_is_refused_with_its_own_words(tmp_path, body, reason):
    named = script(tmp_path / "mongod", body)

    with pytest.raises(NoMongod) as refusal:
        find_mongod({"DOORSTEP_MONGOD": str(named)})

    assert f"DOORSTEP_MONGOD: {named}: " in str(refusal.value)
    assert reason in str(refusal.value)


def test_with_no_mongod_at_all_every_way_out_is_told(tmp_path):
    with pytest.raises(NoMongod) as refusal:
        find_mongod({"DOORSTEP_MONGOD": str(tmp_path / "nowhere")})

    for hint in ("No such file", "doorstep[embedded]", "2.35", "libcurl4", "DOORSTEP_MONGODB_URL"):
        assert hint in str(refusal.value)
