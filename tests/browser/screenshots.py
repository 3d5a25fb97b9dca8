"""Takes the pictures of docs/: run by `make pictures`, never with the suite."""

from pathlib import Path

from tests.browser.visitor import Visitor

DOCS = Path("docs")


async def test_landing(visitor: Visitor):
    page = await visitor.open("/")
    await page.screenshot(path=DOCS / "landing.png")


async def test_explorer(visitor: Visitor):
    desk = await visitor.explorer()
    await desk.become("customer")
    await desk.run("BookAppointment")
    await desk.reads("reference")
    await desk.page.screenshot(path=DOCS / "explorer.png")
