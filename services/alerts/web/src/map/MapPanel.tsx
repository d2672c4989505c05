import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as clock from "../clock";
import { goTo, showSite } from "../desk";
import { theme, t } from "../language";
import { alertsLoad, crews, isWall, open, situation, sites } from "../state";
import { useCalm } from "./calm";
import { following, followNews } from "./follow";
import type { Away, Chart, Side } from "./leaflet";
import { sceneOf } from "./scene";

const SIDES: Side[] = ["n", "e", "s", "w"];
const ARROW: Record<Side, string> = { n: "↑", e: "→", s: "↓", w: "←" };
const NOWHERE: Away = { n: [], e: [], s: [], w: [] };
/** Positions age on the map in steps: a second is no reason to draw it anew. */
const STEP_MS = 30_000;

const slow = () => {
  const now = clock.countdownNow.value;
  return now === null ? null : Math.floor(now / STEP_MS) * STEP_MS;
};

export function MapPanel() {
  const box = useRef<HTMLDivElement>(null);
  const chart = useSignal<Chart | null>(null);
  const away = useSignal<Away>(NOWHERE);
  const scale = useSignal({ px: 0, text: "" });
  const credit = useSignal<string | null>(null);
  const based = useSignal(false);
  const failed = useSignal(false);
  const now = useComputed(slow);
  const alerts = useCalm(open);
  const scene = useComputed(() => sceneOf(sites.value, alerts.value, crews.value, now.value));

  // The queue first: reading Leaflet's code takes as long as drawing the rows.
  const mayDraw = useComputed(() => alertsLoad.value !== "loading").value;
  useEffect(() => {
    if (!mayDraw) return;
    let gone = false;
    import("./leaflet").then(
      (leaflet) => {
        if (gone || box.current === null) return;
        chart.value = leaflet.chart(box.current, {
          pickedSite: showSite,
          pickedAlert: goTo,
          drawn: (next, length, base) => {
            away.value = next;
            if (length.px !== scale.peek().px) scale.value = length;
            based.value = base;
          },
        }, Boolean(situation.peek()?.map_tiles_url));
      },
      () => (failed.value = true),
    );
    return () => {
      gone = true;
      chart.peek()?.end();
      chart.value = null;
      based.value = false;
    };
  }, [mayDraw]);
  useSignalEffect(() => chart.value?.show(scene.value));
  const lines = useComputed(() => situation.value?.map_url);
  useSignalEffect(() => {
    if (chart.value && lines.value) void drawGround(chart.value, lines.value);
  });
  const tiles = useComputed(() => situation.value?.map_tiles_url);
  useSignalEffect(() => {
    if (chart.value === null || !tiles.value || !isOurs(tiles.value)) return;
    const show = (said: string | null) => (credit.value = said);
    chart.value.base(tiles.value).then(show, () => undefined); // the schema is there anyway
  });
  useEffect(
    () =>
      followNews(({ lat, lon }) => {
        if (lat !== null && lon !== null) chart.peek()?.bring({ lat, lon });
      }),
    [],
  );
  useSignalEffect(() => {
    void theme.value;
    chart.value?.repaint();
  });

  const { sites: spots, alerts: signs, crews: units } = scene.value;
  const values = { sites: spots.length, alerts: signs.length, units: units.length };
  return (
    <div class={clock.freshness.value === "lost" ? "map-frame stale" : "map-frame"}>
      <div
        ref={box}
        class="map"
        role="region"
        aria-label={`${t("m.map")}: ${t("m.onmap", values)}`}
        data-testid="map"
      />
      {!isWall && <Follow />}
      {failed.value && <p class="map-note">{t("c.retry")}</p>}
      {SIDES.map((side) => (
        <EdgeArrow
          key={side}
          side={side}
          away={away.value[side]}
          look={() => chart.peek()?.lookAt(away.peek()[side])}
        />
      ))}
      <Legend scale={scale.value} credit={based.value ? (credit.value ?? t("m.nocredit")) : null} />
    </div>
  );
}

function Follow() {
  return (
    <label class="map-follow">
      <input
        type="checkbox"
        checked={following.value}
        onChange={(event) => (following.value = event.currentTarget.checked)}
        data-testid="follow"
      />
      {t("m.follow")}
    </label>
  );
}

/** Says that something grave lies outside, and how to get there. */
function EdgeArrow(props: { side: Side; away: Away[Side]; look: () => void }) {
  const { side, away, look } = props;
  if (away.length === 0) return null;
  return (
    <button type="button" class={`edge edge-${side}`} onClick={look} data-testid={`edge-${side}`}>
      <span aria-hidden="true">{ARROW[side]}</span>{" "}
      {t("m.outside", { n: away.reduce((sum, spot) => sum + spot.count, 0) })}
    </button>
  );
}

/** `credit`: whose data lies below, null while nothing does. */
function Legend({ scale, credit }: { scale: { px: number; text: string }; credit: string | null }) {
  const kind = credit ? "m.tiles" : situation.value?.map_url ? "m.lines" : "m.schema";
  return (
    <div class="map-foot">
      <p data-testid="map-kind">
        <b>{t(kind)}</b>
        {credit && <small data-testid="map-credit">{credit}</small>}
      </p>
      {scale.px > 0 && (
        <p class="map-scale">
          <i ref={(element) => element?.style.setProperty("width", `${scale.px}px`)} /> {scale.text}
        </p>
      )}
    </div>
  );
}

function isOurs(address: string): boolean {
  return new URL(address, location.href).origin === location.origin;
}

/** The deployment's own lines, from this server only. */
async function drawGround(chart: Chart, address: string): Promise<void> {
  if (!isOurs(address)) return;
  const answer = await fetch(address, { signal: AbortSignal.timeout(10_000) }).catch(() => null);
  if (answer?.ok) chart.ground(await answer.json());
}
