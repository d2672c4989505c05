"""What the board's loudspeaker is told: the audio is real, its orders are written down."""

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser import samples
from tests.browser.conftest import ARGUMENTS, ARMED, KIOSK, PATIENCE_MS
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import MUTE, from_menu, row, sign_in
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Each pattern has its own length; that is how the sources are told apart.
LENGTHS = {"duress": 1.8, "kritis": 3.0, "tinggi": 5.0, "chime": 31.0, "dead": 30.0}
LISTEN = """
window.heard = {sources: [], gains: [], waves: {}};
const make = AudioContext.prototype.createBufferSource;
AudioContext.prototype.createBufferSource = function () {
  heard.context = this;
  const source = make.call(this);
  const note = {start: null, stop: null, loop: false, seconds: 0};
  heard.sources.push(note);
  const start = source.start, stop = source.stop;
  source.start = function (...when) {
    const wait = when[0] - heard.context.currentTime, seconds = source.buffer.duration;
    Object.assign(note, {start: true, wait, loop: source.loop, seconds});
    heard.waves[source.buffer.duration.toFixed(1)] = source.buffer;
    return start.apply(this, when);
  };
  source.stop = function (...when) { note.stop = true; return stop.apply(this, when); };
  return source;
};
const set = AudioParam.prototype.setValueAtTime;
AudioParam.prototype.setValueAtTime = function (value, at) {
  heard.gains.push([value, at]);
  return set.call(this, value, at);
};
"""
# The envelope of a wave in hundredths of a second: 1 where it sounds.
ENVELOPES = """() => Object.fromEntries(Object.entries(heard.waves).map(([name, buffer]) => {
  const wave = buffer.getChannelData(0), step = Math.round(buffer.sampleRate / 100), found = [];
  for (let at = 0; at < wave.length; at += step)
    found.push(wave.subarray(at, at + step).some(x => Math.abs(x) > 0.02) ? 1 : 0);
  return [name, found];
}))"""


@pytest_asyncio.fixture(loop_scope="session")
async def room(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A screen of Ipda Sari whose siren was armed by a press."""
    context = await browser.new_context(viewport=KIOSK)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.add_init_script(LISTEN)
    await sign_in(page, url, "sari")
    await page.get_by_test_id("server-clock").click()
    await expect(page.get_by_test_id("siren-bar")).to_have_count(0)
    yield page
    await context.close()


async def sounding(page: Page) -> set[str]:
    """The patterns that are started, loop, and were not stopped."""
    sources: list[dict[str, Any]] = await page.evaluate("heard.sources")
    return {
        name
        for name, seconds in LENGTHS.items()
        for each in sources
        if each["start"]
        and not each["stop"]
        and math.isclose(each["seconds"], seconds, abs_tol=0.1)
    }


async def hears(page: Page, *names: str) -> None:
    """Waits until exactly these sound."""

    async def so() -> bool:
        return await sounding(page) == set(names)

    assert await eventually(so), await sounding(page)


async def test_the_gravest_alert_that_nobody_took_sounds_until_it_is_taken(
    room: Page, fake: FakeAlerts
) -> None:
    await hears(room, "kritis")
    loops = await room.evaluate("heard.sources.filter(one => one.start && one.loop).length")
    assert loops == 1
    critical = fake.by_number(1043)
    fake.change(critical, "acknowledged", state="acknowledged", next_due_kind="ack_expiry")
    await hears(room, "tinggi")
    high = fake.by_number(1044)
    fake.change(high, "acknowledged", state="acknowledged", next_due_kind="ack_expiry")
    await hears(room)


async def test_an_officers_emergency_is_heard_over_everything(room: Page, fake: FakeAlerts) -> None:
    await hears(room, "kritis")
    fake.put(samples.an_alert(fake.now(), 1099, kind="duress", severity="kritis"), "raised")
    await hears(room, "duress")


async def test_silence_lasts_thirty_seconds_by_the_audio_clock_and_is_written_down(
    room: Page, fake: FakeAlerts
) -> None:
    await hears(room, "kritis")
    await room.keyboard.press("m")
    await expect(room.get_by_test_id("silence")).to_contain_text("Bisu")
    (off, since), (on, until) = await room.evaluate("heard.gains")
    assert (off, on) == (0, 1)
    assert until - since == pytest.approx(30)
    assert await eventually(lambda: fake.room.asked)
    kind, line = fake.room.asked[-1]
    assert (kind, line["kind"], line["seconds"]) == ("journal", "silence", 30)
    await hears(room, "kritis")


async def test_news_ends_the_silence_at_once(room: Page, fake: FakeAlerts) -> None:
    await room.keyboard.press("m")
    await expect(room.get_by_test_id("silence")).to_contain_text("Bisu")
    fake.put(samples.an_alert(fake.now(), 1070), "raised")
    await expect(room.get_by_test_id("silence")).to_contain_text("Bisukan")
    value, _ = (await room.evaluate("heard.gains"))[-1]
    assert value == 1
    await room.keyboard.press("m")
    await expect(room.get_by_test_id("silence")).to_contain_text("Bisu")
    fake.change(fake.by_number(1044), "escalated", level=2)
    await expect(room.get_by_test_id("silence")).to_contain_text("Bisukan")


async def test_a_medium_alert_is_a_soft_chime_and_a_low_one_nothing(
    room: Page, fake: FakeAlerts
) -> None:
    fake.put(samples.an_alert(fake.now(), 1071, severity="rendah"), "raised")
    await expect(row(room, fake, 1071)).to_be_visible()
    await hears(room, "kritis")
    fake.put(samples.an_alert(fake.now(), 1072, severity="sedang"), "raised")
    await hears(room, "kritis", "chime")


async def test_in_a_flood_nothing_chimes(room: Page, fake: FakeAlerts) -> None:
    now = fake.now()
    for number in range(2000, 2012):
        alert = samples.an_alert(now, number, severity="rendah", raised_at=now)
        fake.put(alert, "raised")
    await expect(room.get_by_test_id("flood")).to_be_visible()
    fake.put(samples.an_alert(now, 2020, severity="sedang", raised_at=now), "raised")
    await expect(room.get_by_test_id("flood")).to_contain_text("16")
    assert "chime" not in await sounding(room)


async def test_a_dead_feed_has_its_own_sound_until_it_lives(
    room: Page, url: str, fake: FakeAlerts
) -> None:
    await room.clock.install()
    await sign_in(room, url, "sari")
    await room.get_by_test_id("server-clock").click()
    fake.silent = True
    for _ in range(2):
        await room.clock.fast_forward(16_000)  # the watchdog of the stream first, then the band
    await hears(room, "kritis", "dead")
    assert await wait_of_dead(room) == pytest.approx(0, abs=0.5)
    fake.silent = False
    fake.tick()
    await hears(room, "kritis")
    assert await eventually(lambda: any(b.get("kind") == "blind" for _, b in fake.room.asked))


async def test_a_lost_connection_is_shown_at_once_and_heard_after_half_a_minute_without_data(
    room: Page, fake: FakeAlerts
) -> None:
    fake.tick()
    await hears(room, "kritis")
    fake.streaming = False
    fake.cut()
    await room.get_by_test_id("stale-band").wait_for()
    behind = await room.get_by_test_id("freshness").inner_text()
    waits = await wait_of_dead(room)
    assert 0 < waits <= 30, behind
    fake.streaming = True
    await hears(room, "kritis")
    assert not any(body.get("kind") == "blind" for _, body in fake.room.asked)


async def wait_of_dead(page: Page) -> float:
    """In how many seconds of the audio clock the sound of a dead feed was told to begin."""
    found = "heard.sources.find(one => Math.abs(one.seconds - 30) < 0.1).wait"
    return float(await page.evaluate(found))


async def test_a_screen_whose_session_ends_calls_until_somebody_acts_there(
    room: Page, fake: FakeAlerts
) -> None:
    await hears(room, "kritis")
    fake.signed_out = True
    fake.cut()
    await expect(room.get_by_test_id("login-error")).to_contain_text("Sesi berakhir")
    await hears(room, "dead")
    await room.get_by_test_id("login").click()
    await hears(room)


async def test_before_its_end_the_session_says_so(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.session_ends = fake.now() + samples.seconds(400)
    await page.clock.install()
    await sign_in(page, url, "sari")
    bar = page.get_by_test_id("session-bar")
    await expect(bar).to_have_count(0)
    await page.clock.fast_forward(5_000)
    fake.tick(ahead_s=110)
    await expect(bar).to_contain_text("Sesi berakhir")
    await bar.get_by_role("button").click()
    await page.get_by_test_id("login").wait_for()


async def test_a_wall_says_an_hour_before_that_it_stops_and_afterwards_that_it_has(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.session_ends = fake.now() + samples.seconds(3_500)
    await sign_in(page, f"{url}?mode=wall", "sari")
    await expect(page.get_by_test_id("session-bar")).to_contain_text("Masuk lagi agar tetap")
    fake.signed_out = True
    fake.cut()
    await expect(page.get_by_test_id("login-error")).to_contain_text("Layar dinding berhenti")
    await expect(page.get_by_test_id("login-error")).to_contain_text("tidak tampil di sini")


async def test_until_a_press_the_board_says_that_it_is_mute(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.add_init_script(MUTE)
    await sign_in(page, url, "sari")
    bar = page.get_by_test_id("siren-bar")
    await expect(bar).to_have_text("Sirene belum aktif: klik untuk mengaktifkan")
    await bar.click()
    await expect(bar).to_have_count(0)
    await expect(page.get_by_test_id("siren-state")).to_have_text("Sirene berbunyi")


async def test_a_sound_that_the_browser_takes_away_brings_the_bar_back(
    room: Page, fake: FakeAlerts
) -> None:
    await hears(room, "kritis")
    await room.evaluate("heard.context.suspend()")
    bar = room.get_by_test_id("siren-bar")
    await expect(bar).to_have_text("Sirene belum aktif: klik untuk mengaktifkan")
    await expect(room.get_by_test_id("siren-state")).to_have_text("Sirene belum aktif")
    await bar.click()
    await expect(bar).to_have_count(0)
    await hears(room, "kritis")


async def test_a_screen_that_may_sound_without_a_press_is_armed_from_the_start(
    executable: Path, url: str
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=[*ARGUMENTS, ARMED]
        )
        page = await browser.new_page(viewport=KIOSK)
        await page.add_init_script(LISTEN)
        await sign_in(page, url, "sari")
        await hears(page, "kritis")
        await expect(page.get_by_test_id("siren-bar")).to_have_count(0)
        await browser.close()


async def test_a_screen_without_siren_says_so_all_the_time(room: Page, fake: FakeAlerts) -> None:
    await room.get_by_test_id("menu").click()
    await room.get_by_test_id("siren-wanted").uncheck()
    await expect(room.get_by_test_id("siren-state")).to_have_text("Sirene layar ini dimatikan")
    await hears(room)


async def test_after_logging_out_nothing_sounds(room: Page, fake: FakeAlerts) -> None:
    await hears(room, "kritis")
    await from_menu(room, "logout")
    await hears(room)


async def test_no_pattern_can_be_taken_for_the_evacuation_signal(
    room: Page, fake: FakeAlerts
) -> None:
    # ISO 8201: three pulses of half a second, then a pause of a second and a half.
    fake.put(samples.an_alert(fake.now(), 1072, severity="sedang"), "raised")
    fake.streaming = False
    fake.cut()
    await hears(room, "kritis", "chime", "dead")
    fake.streaming = True
    await expect(room.get_by_test_id("stale-band")).to_have_count(0)
    fake.put(samples.an_alert(fake.now(), 1099, kind="duress", severity="kritis"), "raised")
    await hears(room, "duress", "chime")
    for number in (1099, 1043):
        fake.change(fake.by_number(number), state="acknowledged", next_due_kind="ack_expiry")
    await hears(room, "tinggi", "chime")
    waves: dict[str, list[int]] = await room.evaluate(ENVELOPES)
    assert len(waves) == len(LENGTHS)
    for name, wave in waves.items():
        runs = _runs(wave * 3)
        groups = [runs[at : at + 6] for at in range(len(runs) - 5)]
        assert not any(_evacuates(group) for group in groups), name


def _evacuates(group: list[tuple[bool, int]]) -> bool:
    """Three pulses of at least 0.4 s that belong together, then at least a second of nothing."""
    if [sounds for sounds, _ in group] != [True, False] * 3:
        return False
    lengths = [length for _, length in group]
    long = all(length >= 40 for length in lengths[::2])
    return long and max(lengths[1], lengths[3]) < 90 and lengths[5] >= 100


def _runs(wave: list[int]) -> list[tuple[bool, int]]:
    runs: list[tuple[bool, int]] = []
    for value in wave:
        if runs and runs[-1][0] == bool(value):
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((bool(value), 1))
    return runs
