"""A real supervisor in a process of its own, with real children, really killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doorstep.demo.supervisor import Backoff
from doorstep.kit.mongo.embedded import Client, EmbeddedMongo, attached

SUPERVISOR = """
import json, os, sys
from pathlib import Path
from doorstep.demo.supervisor import Supervisor
from doorstep.kit.mongo.embedded import EmbeddedMongo

given = json.loads(sys.argv[1])
data = Path(given["data"])
sys.exit(Supervisor(
    given["url"] or EmbeddedMongo(data),
    given["children"],
    environ={"PATH": os.environ["PATH"], "GIVEN": "by the caller"},
    report=lambda text: print(text, flush=True),
    logs=data / "logs" if given["logs"] else None,
    patience=1,
).run())
"""

STEADY = "import time; time.sleep(600)"
FAILING = "import sys; sys.exit('no such setting')"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, time
print("grandchild", subprocess.Popen(["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""
LAST_WISH = """
import os, signal, sys
from pymongo import MongoClient

def write(*_):
    with MongoClient(os.environ["DOORSTEP_MONGODB_URL"], timeoutMS=2000) as client:
        client.post.wishes.insert_one({"wish": os.environ["GIVEN"]})
    sys.exit()

signal.signal(signal.SIGTERM, write)
print("ready", flush=True)
while True:
    signal.pause()
"""


class Supervised:
    """A supervisor that runs, and all it has said so far."""

    def __init__(self, folder: Path, children: dict[str, str], *, url: str, logs: bool) -> None:
        self.data = folder / "data"
        self.said = folder / "said"
        argvs = {name: [sys.executable, "-c", body] for name, body in children.items()}
        given = {"data": str(self.data), "children": argvs, "url": url, "logs": logs}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISOR, json.dumps(given)],
                stdout=said,
                stderr=said,
            )

    def hear(self, pattern: str, *, times: int = 1) -> list[str]:
        """What `pattern` finds in what was said, once it finds it so many times."""
        deadline = time.monotonic() + 15
        while len(found := re.findall(pattern, self.said.read_text())) < times:
            assert time.monotonic() < deadline, f"{pattern!r} is not in:\n{self.said.read_text()}"
            time.sleep(0.02)
        return found

    def pid_of(self, name: str, *, start: int = 1) -> int:
        return int(self.hear(rf"{name} is up \(pid (\d+)\)", times=start)[-1])

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(15)


Supervise = Callable[..., Supervised]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    started: list[Supervised] = []

    def start(
        children: dict[str, str], *, url: str = "mongodb://elsewhere/", logs: bool = False
    ) -> Supervised:
        started.append(Supervised(tmp_path, children, url=url, logs=logs))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_the_waits_double_up_to_five_tries():
    backoff = Backoff()

    waits = [backoff.after(ran_for=1) for _ in range(5)]

    assert waits == [0.2, 0.4, 0.8, 1.6, None]


def test_ten_seconds_of_health_forgive_everything():
    backoff = Backoff()
    for _ in range(4):
        backoff.after(ran_for=9.9)

    assert backoff.after(ran_for=10) == 0.2
    assert backoff.after(ran_for=1) == 0.2


def test_ctrl_c_reaches_the_supervisor_alone_which_stops_the_children_and_then_mongod(supervise):
    running = supervise({"api": LAST_WISH}, url="", logs=True)
    mongod, api = running.pid_of("mongod"), running.pid_of("api")
    while "ready" not in (running.data / "logs" / "api.log").read_text():
        time.sleep(0.02)

    assert len({os.getpgid(pid) for pid in (running.process.pid, mongod, api)}) == 3
    assert running.end(signal.SIGINT) == 0

    assert gone(mongod)
    assert gone(api)
    assert attached(running.data) is None
    with EmbeddedMongo(running.data) as mongo:
        assert wishes(mongo.start()) == ["by the caller"]


def wishes(uri: str) -> list[str]:
    with Client(uri) as client:
        return [document["wish"] for document in client.post.wishes.find()]


def test_a_child_and_mongod_are_started_again_when_they_are_killed(supervise):
    running = supervise({"worker": STEADY}, url="")
    mongod, worker = running.pid_of("mongod"), running.pid_of("worker")

    os.kill(worker, signal.SIGKILL)
    os.kill(mongod, signal.SIGKILL)

    assert running.pid_of("worker", start=2) != worker
    assert running.pid_of("mongod", start=2) != mongod
    assert running.hear("worker ended: killed by SIGKILL. Starting it again in 0.2 s.")
    assert attached(running.data)
    assert running.end(signal.SIGTERM) == 0


def test_a_kill_9_of_the_supervisor_takes_everything_down(supervise):
    running = supervise({"api": DEAF, "worker": STEADY}, url="")
    pids = [running.pid_of(name) for name in ("mongod", "api", "worker")]
    running.hear("deaf")

    running.end(signal.SIGKILL)

    assert [gone(pid) for pid in pids] == [True, True, True]
    Path(json.loads((running.data / "mongo.json").read_text())["socket"]).parent.rmdir()


def test_a_child_that_fails_at_once_five_times_ends_it_all_with_a_message(supervise):
    running = supervise({"api": FAILING, "worker": STEADY}, logs=True)
    worker = running.pid_of("worker")

    assert running.process.wait(15) == 1

    assert running.hear(r"api failed 5 times, .* exit status 1\. .*/logs/api\.log says why\.")
    assert (running.data / "logs" / "api.log").read_text().count("no such setting") == 5
    assert gone(worker)


def test_a_child_that_does_not_heed_is_killed_when_patience_ends(supervise):
    running = supervise({"api": DEAF})
    api = running.pid_of("api")
    running.hear("deaf")

    assert running.end(signal.SIGTERM) == 0

    assert running.hear("api did not stop within 1 s: killed")
    assert gone(api)


def test_what_a_child_started_goes_with_it(supervise):
    running = supervise({"api": PARENT})
    api = running.pid_of("api")
    grandchild = int(running.hear(r"grandchild (\d+)")[0])

    os.kill(api, signal.SIGKILL)
    second = int(running.hear(r"grandchild (\d+)", times=2)[1])
    assert gone(grandchild)

    running.end(signal.SIGTERM)
    assert gone(second)


def test_a_database_of_somebody_else_is_used_and_left_alone(supervise, tmp_path):
    with EmbeddedMongo(tmp_path / "theirs") as theirs:
        running = supervise({"api": LAST_WISH}, url=theirs.start())
        running.hear("ready")

        running.end(signal.SIGTERM)

        assert wishes(theirs.start()) == ["by the caller"]
        assert theirs.alive()
        assert not running.data.exists()
