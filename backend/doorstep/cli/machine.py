"""What `doorstep doctor` asks of the machine: folders, files, libraries. Needs no database."""

import ctypes
import os
import platform
import resource
import shutil
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from doorstep.api.explorer import Explorer
from doorstep.cli.findings import Finding, fail, ok, warn
from doorstep.demo.cast import is_demo
from doorstep.kit.mongo.embedded import NoMongod, find_mongod
from doorstep.kit.pii import UnsafeKeyFile, keyring_in
from doorstep.settings import Settings

_GIBIBYTE: Final = 2**30
_LEAST_FREE_BYTES: Final = _GIBIBYTE
_LEAST_FILES: Final = 4096
_LEAST_GLIBC: Final = (2, 35)
_MOTOR_ENDS: Final = date(2027, 5, 14)


def of_machine(settings: Settings, today: date) -> Iterator[Finding]:
    yield _keys(settings.data)
    yield _folder(settings.data)
    yield _disk(settings.data)
    if settings.mongodb_url is None:
        yield _mongod()
        yield _glibc(platform.libc_ver())
        yield _library("libcurl", "libcurl.so.4", "apt install libcurl4")
        yield _library("OpenSSL", "libssl.so.3", "use a system with OpenSSL 3")
    else:
        yield _demo(settings.data)
    yield _open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield _driver(settings.driver, today)
    yield _explorer(settings.explorer)


def _keys(data: Path) -> Finding:
    try:
        keyring = keyring_in(data, create=False)
    except UnsafeKeyFile:
        return fail(
            "keys", f"{data}/keys.json can be read by others", f"chmod 600 {data}/keys.json"
        )
    except (ValueError, KeyError, OSError) as error:
        told = f"{data}/keys.json cannot be read: {type(error).__name__}"
        return fail("keys", told, "copy it from where you keep it: without it nobody has a name")
    if keyring is None:
        return warn(
            "keys", f"no {data}/keys.json yet", "it is made at the first start; keep a copy"
        )
    return ok("keys", f"keyring {keyring.fingerprint}, mode 0600")


def _folder(data: Path) -> Finding:
    if not data.is_dir():
        return warn("data folder", f"no {data} yet", "it is made at the first start")
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o077:
        return warn("data folder", f"{data} is open to others ({mode:04o})", f"chmod 700 {data}")
    return ok("data folder", f"{data}, mode {mode:04o}")


def _disk(data: Path) -> Finding:
    place = next(each for each in (data.resolve(), *data.resolve().parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    told = f"{free / _GIBIBYTE:.1f} GiB free at {place}"
    if free < _LEAST_FREE_BYTES:
        return fail("disk", told, "make room: mongod stops when the disk is full")
    return ok("disk", told)


def _mongod() -> Finding:
    try:
        found = find_mongod(os.environ)
    except NoMongod as error:
        return fail("mongod", str(error), "pip install 'doorstep[embedded]'")
    return ok("mongod", f"{found.version} from {found.source}")


def _glibc(libc: tuple[str, str]) -> Finding:
    name, version = libc
    found = tuple(int(part) for part in version.split(".") if part.isdigit())
    told = f"{name or 'no glibc'} {version}".strip()
    if name != "glibc" or found < _LEAST_GLIBC:
        return warn("glibc", told, "the wheel's mongod needs glibc 2.35: set DOORSTEP_MONGODB_URL")
    return ok("glibc", told)


def _library(check: str, name: str, mend: str) -> Finding:
    try:
        ctypes.CDLL(name)
    except OSError:
        return warn(check, f"no {name}, which the wheel's mongod needs", mend)
    return ok(check, name)


def _demo(data: Path) -> Finding:
    if is_demo(data):
        told = f"{data} is marked as a demo's: the demo people's code is known to everybody"
        return warn("demo", told, "serve a real bureau from another data folder")
    return ok("demo", "no demo people")


def _open_files(limit: int) -> Finding:
    if 0 <= limit < _LEAST_FILES:
        return warn("open files", f"{limit} at most", f"ulimit -n {_LEAST_FILES} or more")
    return ok("open files", "no limit" if limit < 0 else f"{limit} at most")


def _driver(driver: str, today: date) -> Finding:
    if driver != "motor":
        return ok("driver", driver)
    if today >= _MOTOR_ENDS:
        return warn("driver", "Motor gets no fixes any more", "set DOORSTEP_DRIVER=pymongo")
    return ok("driver", f"motor, critical fixes only, until {_MOTOR_ENDS}: pymongo stands by")


def _explorer(wanted: bool) -> Finding:
    if not wanted:
        return ok("explorer", "turned off")
    if not Explorer().is_built:
        mend = "make demo, or npm ci && node build.mjs in backend/doorstep/api/explorer"
        return warn("explorer", "it is not built", mend)
    return ok("explorer", "its files are here")
