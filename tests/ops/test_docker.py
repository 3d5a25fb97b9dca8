"""The image and the compose file, read as text: what must be in them, and what must not."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
TEXT: Final = (ROOT / "docker/compose.yaml").read_text(encoding="utf-8")
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
MEMBERS: Final = ("mongo1", "mongo2", "mongo3")


def final_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_lives():
    stage = final_stage()
    (user,) = re.findall(r"^USER (\S+)$", stage, re.MULTILINE)
    assert int(user) > 0
    assert f"--uid {user}" in stage
    assert "HEALTHCHECK" in stage
    assert "/health/live" in stage
    assert stage.index("USER") < stage.index("ENTRYPOINT")


def test_the_image_carries_what_runs_and_nothing_that_builds():
    stage = final_stage()
    assert re.findall(r"^COPY (.*)$", stage, re.MULTILINE) == [
        "--from=build /opt/doorstep /opt/doorstep"
    ]
    assert "embedded" not in re.sub(r"(?m)^#.*$", "", DOCKERFILE)
    assert "-c constraints.txt" in DOCKERFILE
    assert "npm ci --ignore-scripts" in DOCKERFILE


def test_whatever_the_build_copies_is_there_and_is_let_through():
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed
    for names in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        for name in names.split():
            assert (ROOT / name).exists(), name
            assert f"!{name.split('/')[0]}" in allowed, name


def test_no_image_is_the_latest_one():
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    images += [service["image"] for service in SERVICES.values()]
    for image in images:
        assert re.fullmatch(r"[a-z/.]+:\d[\w.-]*", image), image


def test_mongodb_is_one_current_release_in_three_members():
    images = {SERVICES[name]["image"] for name in (*MEMBERS, "mongo-set", "mongo-keys")}
    (image,) = images
    assert re.fullmatch(r"mongo:8\.0\.\d+", image)
    assert {name for name in SERVICES if re.fullmatch(r"mongo\d", name)} == set(MEMBERS)
    for name in MEMBERS:
        assert "--replSet rs0" in SERVICES[name]["command"]
        assert "--keyFile" in SERVICES[name]["command"]
        assert "transactionLifetimeLimitSeconds=5" in SERVICES[name]["command"]
        assert f"{name}:/data/db" in SERVICES[name]["volumes"]
        assert name in SERVICES["api"]["environment"]["DOORSTEP_MONGODB_URL"]


def test_everybody_waits_for_whom_they_need():
    def waits(service: str) -> dict[str, str]:
        needed: dict[str, dict[str, str]] = SERVICES[service]["depends_on"]
        return {name: how["condition"] for name, how in needed.items()}

    assert waits("api") == {"mongo-set": "service_completed_successfully"}
    assert waits("worker") == {"api": "service_healthy"}
    assert waits("mongo-set") == dict.fromkeys(MEMBERS, "service_healthy")
    for name in MEMBERS:
        assert waits(name) == {"mongo-keys": "service_completed_successfully"}


def test_whoever_goes_on_says_whether_it_is_well():
    for name, service in SERVICES.items():
        once = service["restart"] == "no"
        by_image = service["image"].startswith("doorstep:")
        assert once or by_image or service["healthcheck"]["test"][0] == "CMD", name


@pytest.mark.parametrize("name", ["api", "worker"])
def test_ours_may_do_no_more_than_they_need(name: str):
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert SERVICES[name]["command"][0] == "work" if name == "worker" else True


def test_the_database_is_out_of_reach_and_the_api_behind_a_proxy():
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name, service in SERVICES.items():
        for port in service.get("ports", ()):
            assert (name, port) == ("api", "127.0.0.1:8000:8000")
    for name in MEMBERS:
        assert SERVICES[name]["networks"] == ["data"]


def test_no_secret_is_written_down():
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET", key):
                assert re.fullmatch(r"\$\{DOORSTEP_\w+:[?-][^}]*\}", value), (name, key)
    assert "doorstep:${DOORSTEP_MONGODB_PASSWORD:?" in TEXT
    assert not re.search(r"(?i)(password|token|secret)\s*[=:]\s*['\"]?\w{8,}", DOCKERFILE)


def test_every_volume_and_network_that_is_used_is_declared():
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in COMPOSE["volumes"]
        assert set(service.get("networks", ())) <= COMPOSE["networks"].keys()
