"""The door: a name and a password, an issuer where there is one, a token for tools."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_alerts import FakeAlerts

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PASSWORDS = {"password": True, "sso": None}


def wrong(status: int, **extra: str) -> dict[str, object]:
    """A problem as the service tells it."""
    return {"status": status, "title": "", "detail": "english words", "extra": extra}


async def test_a_name_and_a_password_open_the_board(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.ways = PASSWORDS
    await page.goto(url)
    await expect(page.get_by_test_id("login-name")).to_be_focused()
    await page.keyboard.type("s.contoh")
    await page.keyboard.press("Tab")
    await page.keyboard.type("sari")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("person")).to_contain_text("Ipda Sari")


async def test_a_wrong_password_and_too_many_of_them_are_told_in_indonesian(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.ways, fake.refusal = PASSWORDS, wrong(401, code="wrong_password")
    await page.goto(url)
    await page.get_by_test_id("login-name").fill("s.contoh")
    await page.get_by_test_id("login-password").fill("x")
    await page.get_by_test_id("login-submit").click()
    error = page.get_by_test_id("login-error")
    await expect(error).to_have_text("Nama atau kata sandi salah")
    fake.refusal = wrong(429, wait_s="32")
    await page.get_by_test_id("login-submit").click()
    await expect(error).to_have_text("Terlalu sering salah. Coba lagi dalam 32 dtk.")


async def test_where_there_is_an_issuer_a_link_leads_there(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.ways = {"password": True, "sso": {"label": "Akun Polri", "url": "/v1/session/sso"}}
    await page.goto(url)
    link = page.get_by_test_id("login-sso")
    await expect(link).to_have_text("Masuk lewat Akun Polri")
    await expect(link).to_have_attribute("href", "/v1/session/sso")


@pytest.mark.parametrize("why", ["unknown", "failed", "unreachable"])
async def test_what_went_wrong_at_the_issuer_is_told_and_leaves_the_address(
    page: Page, url: str, fake: FakeAlerts, why: str
) -> None:
    fake.ways = PASSWORDS
    await page.goto(f"{url}?sso={why}")
    await expect(page.get_by_test_id("login-error")).not_to_be_empty()
    assert "sso=" not in page.url


async def test_tools_may_still_show_a_token(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.ways = PASSWORDS
    await page.goto(url)
    await page.get_by_test_id("login-other").click()
    await page.get_by_test_id("login-token").fill("sari")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("person")).to_contain_text("Ipda Sari")
