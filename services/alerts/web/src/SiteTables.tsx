import { computed } from "@preact/signals";
import { useRef } from "preact/hooks";
import * as clock from "./clock";
import type { Site, Visit } from "./contract";
import { district, showMiddle, showSite } from "./desk";
import { nearTime, unitName } from "./format";
import { t } from "./language";
import { type Area, areas, ordered, type Stand, type Status, statusOf, visitStand } from "./sites";
import { dayCoverage, open, sites } from "./state";
import { rem, SHORT, stretches, tall, useView } from "./windowing";

/** One mark for each state; the shapes of severities are not among them. */
export const STATUS_MARK: Record<Status, string> = {
  gangguan: "!",
  unknown: "?",
  waspada: "·",
  pemulihan: "↻",
  aman: "",
};
export const VISIT_MARK: Record<Visit["state"], string> = {
  due: "○",
  at_risk: "◔",
  missed: "▲",
  done: "✓",
  recovered: "✓ᵗ",
};

const ROW_REM = 3.125;
const HEAD_REM = 1.75;
const inOrder = computed(() => ordered(sites.value));

/** All sites, what is wrong first; a long list draws the rows that can be seen. */
export function SiteTable() {
  const box = useRef<HTMLDivElement>(null);
  const view = useView(box);
  const here = inOrder.value.filter(
    (s) => district.value === null || s.district === district.value,
  );
  const rowPx = rem(ROW_REM);
  const parts =
    here.length <= SHORT
      ? [{ gap: 0, from: 0, to: here.length }]
      : stretches(here.length, rowPx, rem(HEAD_REM), view.value, -1);
  return (
    <div class="table-box" ref={box} tabIndex={0} aria-label={t("m.sites")} role="region">
      <table class="sites" data-testid="sites" aria-rowcount={here.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{t("m.site")}</th>
            <th scope="col">{t("m.status")}</th>
            <th scope="col">{t("m.visit")}</th>
          </tr>
        </thead>
        <tbody>
          {parts.flatMap((part) => [
            part.gap > 0 && (
              <tr key={`gap-${part.from}`} class="gap" ref={tall(part.gap * rowPx)}>
                <td colSpan={3} />
              </tr>
            ),
            ...here
              .slice(part.from, part.to)
              .map((site, index) => (
                <SiteRow
                  key={site.id}
                  site={site}
                  place={part.from + index + 2}
                />
              )),
          ])}
        </tbody>
      </table>
    </div>
  );
}

function SiteRow({ site, place }: { site: Site; place: number }) {
  const status = statusOf(site);
  return (
    <tr
      aria-rowindex={place}
      data-testid="site-row"
      data-id={site.id}
      data-status={status}
    >
      <th scope="row">
        <button type="button" class="site-name" onClick={() => showSite(site.id)}>
          <span class="two-lines">
            <span>{site.name}</span>{" "}
            <small>
              {site.district ?? unitName(site.unit)}
              {site.risk?.band === "tinggi" && ` · ${t("band.tinggi")}`}
            </small>
          </span>
        </button>
      </th>
      <td class={`state status-${status}`}>
        <i aria-hidden="true">{STATUS_MARK[status]}</i>
        {t(`st.${status}`)}
        <small>
          {site.since && t("m.since", { time: nearTime(site.since, clock.minute.value ?? 0) })}
        </small>
      </td>
      <VisitCell site={site} />
    </tr>
  );
}

/** How the round stands, and beside it the other of the two: the last visit or the next. */
function VisitCell({ site }: { site: Site }) {
  const now = clock.minute.value ?? 0;
  const stand = visitStand(site, now);
  const other = beside(site, stand, now);
  const time = stand && nearTime(stand.at, now);
  return (
    <td class={stand ? `state visit visit-${stand.state}` : "state visit"}>
      {stand && (
        <>
          <i aria-hidden="true">{VISIT_MARK[stand.state]}</i>
          {t(`t.${stand.state}`)}
        </>
      )}
      <small>{[time, other].filter(Boolean).join(" · ")}</small>
    </td>
  );
}

function beside(site: Site, stand: Stand | null, now: number): string | null {
  const { last_at, next_due_at } = site.visits ?? {};
  if (stand && stand.state !== "done") {
    return last_at ? t("m.last", { time: nearTime(last_at, now) }) : null;
  }
  return next_due_at ? t("m.next", { time: nearTime(next_due_at, now) }) : null;
}

export function AreaTable() {
  const rows = areas(sites.value, dayCoverage.value, open.value);
  return (
    <div class="table-box" tabIndex={0} aria-label={t("m.area")} role="region">
    <table class="areas" data-testid="areas">
      <thead>
        <tr>
          <th scope="col">{t("m.area")}</th>
          <th scope="col">{t("m.open")}</th>
          <th scope="col">{t("st.gangguan")}</th>
          <th scope="col">{t("cov.nonews")}</th>
          <th scope="col">{t("t.missed")}</th>
          <th scope="col">{t("cov.title")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((area) => (
          <AreaRow key={area.name} area={area} />
        ))}
      </tbody>
    </table>
    </div>
  );
}

function AreaRow({ area }: { area: Area }) {
  const show = () => showMiddle("sites", area.name);
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link area-name" onClick={show}>
          {area.name ?? t("m.nodistrict")}
        </button>
      </th>
      <td class={area.alerts > 0 ? "bad" : "zero"}>{area.alerts || "·"}</td>
      <td class={area.gangguan > 0 ? "bad" : "zero"}>{area.gangguan || "·"}</td>
      <td class={area.unknown > 0 ? "unknown" : "zero"}>{area.unknown || "·"}</td>
      <td class={area.missed > 0 ? "late" : "zero"}>{area.missed || "·"}</td>
      <td>{area.due > 0 ? t("cov.of", { done: area.done, of: area.due }) : "–"}</td>
    </tr>
  );
}
