"""The first page anybody sees."""

from playwright.async_api import expect

from tests.browser.visitor import Visitor


async def test_it_says_in_one_screen_what_this_is_and_leads_on(visitor: Visitor):
    page = await visitor.open("/")

    assert await page.title() == "Doorstep"
    await expect(page.locator(".story li")).to_have_count(8)
    await expect(page.locator(".people")).to_contain_text("000000")
    heights = await page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert heights[0] <= heights[1]
    links = await page.locator("nav a").evaluate_all("all => all.map(each => each.pathname)")
    assert links == ["/explorer", "/map", "/schema.graphql", "/health/ready"]

    await page.locator("nav a").first.click()

    await expect(page).to_have_title("Doorstep explorer")
    await expect(page.locator(".shelf")).to_be_visible()
