import { useEffect } from "preact/hooks";
import { Caption, Countdown } from "./Countdown";
import type { Severity } from "./contract";
import { Footer } from "./Footer";
import { categoryLabel, siteLabel } from "./format";
import { Drill, Freshness, LostBand, ServerClock } from "./Header";
import { t } from "./language";
import * as clock from "./clock";
import { MapPanel } from "./map/MapPanel";
import { Mark } from "./Mark";
import { Nothing } from "./Nothing";
import { SessionBar } from "./SessionBar";
import { SeveritySymbol, SeverityWord } from "./Severity";
import { SirenBar, SirenState } from "./siren/SirenState";
import { watch } from "./siren/watch";
import { alertsLoad, open, situation, urgent } from "./state";

const SEVERITIES: Severity[] = ["kritis", "tinggi", "sedang", "rendah"];

/** For the wall: what is most urgent, counts, map, coverage. No names of persons, no actions. */
export function Wall() {
  useEffect(() => {
    document.documentElement.dataset.mode = "wall";
    document.title = `Ronda · ${t("b.wall")}`;
    return watch();
  }, []);
  const lost = clock.freshness.value === "lost";
  return (
    <div class="wall" data-testid="wall">
      <header class={lost ? "top lost" : "top"}>
        <h1 class="brand">
          <Mark /> Ronda
        </h1>
        {lost ? (
          <LostBand />
        ) : (
          <>
            <p class="where">
              <b>{situation.value?.unit_name}</b>
            </p>
            <ServerClock />
          </>
        )}
        <Freshness />
        <SirenState />
      </header>
      <Drill />
      <div class="wall-top">
        <Most />
        <Counts />
      </div>
      <MapPanel />
      <SessionBar />
      <Footer />
      <SirenBar />
    </div>
  );
}

function Most() {
  const alert = urgent.value;
  if (alert === null) {
    return (
      <p class="slot slot-empty" data-testid="urgent-slot">
        <Nothing />
      </p>
    );
  }
  return (
    <div class={`slot slot-${alert.severity}`} data-testid="urgent-slot">
      <SeveritySymbol alert={alert} calling large />
      <span class="line slot-title">
        <span>
          {categoryLabel(alert)} · {siteLabel(alert)}
        </span>
        <Countdown alert={alert} />
      </span>
      <span class="line">
        <span>
          <SeverityWord alert={alert} /> · {t("s.open")}
        </span>
        <Caption alert={alert} />
      </span>
    </div>
  );
}

function Counts() {
  const known = alertsLoad.value === "ready";
  return (
    <ul class="counts" data-testid="counts">
      {SEVERITIES.map((severity) => (
        <li key={severity}>
          <SeveritySymbol alert={{ severity, kind: "incident" }} large />
          <b>{known ? open.value.filter((alert) => alert.severity === severity).length : "–"}</b>
          <small>{t(`sev.${severity}`)}</small>
        </li>
      ))}
    </ul>
  );
}
