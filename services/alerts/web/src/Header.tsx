import * as clock from "./clock";
import { clockTime, date, decimal, zone } from "./format";
import { t } from "./language";
import { Mark } from "./Mark";
import { Menu } from "./Menu";
import { SirenState } from "./siren/SirenState";
import { isWall, situation } from "./state";

export function Header() {
  const lost = clock.freshness.value === "lost";
  return (
    <>
      <header class={lost ? "top lost" : "top"}>
        <h1 class="brand">
          <Mark /> Ronda
        </h1>
        {lost ? (
          <LostBand />
        ) : (
          <>
            <Where />
            <ServerClock />
          </>
        )}
        <Freshness />
        <SirenState />
        <Menu />
      </header>
      <Drill />
    </>
  );
}

function Where() {
  return (
    <p class="where">
      <b>{situation.value?.unit_name}</b>
      {situation.value?.phase_name && <span> · {situation.value.phase_name}</span>}
    </p>
  );
}

export function ServerClock() {
  const now = clock.seconds.value;
  return (
    <p class="clock" data-testid="server-clock">
      {now !== null && <span class="clock-date">{date(now)}</span>} <b>{clockTime(now)}</b>{" "}
      {now !== null && <small>{zone(now)}</small>}
    </p>
  );
}

/** The band stands where unit and clock were: nothing moves when the stream is lost. */
export function LostBand() {
  const connected = !clock.broken.value && clock.silence.value <= 30;
  const time = clockTime(clock.dataAsOf.value);
  return (
    <p class="lost-band" role="alert" data-testid="stale-band">
      <b>{connected ? t("cov.asof", { time }) : t("conn.lost", { time })}</b>{" "}
      {!connected && !isWall && <span>{t("conn.radio")}</span>}
    </p>
  );
}

export function Freshness() {
  const state = clock.freshness.value;
  const seconds = Math.floor(clock.behind.value);
  const late = seconds === 0 ? t("c.load") : t("conn.lag", { s: seconds });
  const text = {
    live: `${t("conn.live")} ${t("c.second", { n: decimal(clock.lag.value) })}`,
    lag: clock.unsure.value ? t("conn.unsure") : late,
    lost: t("conn.lag", { s: seconds }),
  }[state];
  return (
    <p class={`freshness freshness-${state}`} data-testid="freshness" data-state={state}>
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
}

/** What is not live says so on every screen. */
export function Drill() {
  const purpose = situation.value?.purpose;
  if (!purpose || purpose === "live") return null;
  return (
    <p class="drill" data-testid="drill">
      {t(purpose === "synthetic" ? "c.synthetic" : "c.drill")}
    </p>
  );
}
