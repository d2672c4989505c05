import { computed } from "@preact/signals";
import * as clock from "./clock";
import type { Site, Visit } from "./contract";
import { district, middle, toggleMiddle } from "./desk";
import { shortTime, unitName } from "./format";
import { t, tIfKnown } from "./language";
import { loadAll } from "./live";
import { type Area, areas, ordered, type Status, statusOf, visitBySite } from "./sites";
import { open, sites, sitesLoad, visits } from "./state";

/** One mark for each state; the shapes of severities are not among them. */
const STATUS_MARK: Record<Status, string> = {
  gangguan: "!",
  unknown: "?",
  waspada: "·",
  pemulihan: "↻",
  aman: "",
};
const VISIT_MARK: Record<Visit["state"], string> = {
  due: "○",
  at_risk: "◔",
  missed: "▲",
  done: "✓",
  recovered: "✓ᵗ",
};

/** What is wrong stands first; the rest is reached by its area. */
const SHOWN = 200;
const inOrder = computed(() => ordered(sites.value));
const visitOf = computed(() => visitBySite(visits.value.values()));

export function Middle() {
  return (
    <section class="middle" aria-label={t(middle.value === "sites" ? "m.sites" : "m.area")}>
      <div class="tabs" role="tablist" aria-label={t("k.middle")}>
        <Tab name="sites" label={t("m.sites")} />
        <Tab name="areas" label={t("m.area")} />
        <kbd>P</kbd>
        {middle.value === "sites" && district.value !== null && (
          <button type="button" class="plain" onClick={() => (district.value = null)}>
            {district.value} ✕ {t("m.all")}
          </button>
        )}
      </div>
      <div
        class={clock.freshness.value === "lost" ? "table-box stale" : "table-box"}
        role="tabpanel"
        id="middle-panel"
        aria-labelledby={`tab-${middle.value}`}
        tabIndex={0}
      >
        <Content />
      </div>
    </section>
  );
}

function Tab({ name, label }: { name: "sites" | "areas"; label: string }) {
  const on = middle.value === name;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={on}
      aria-controls="middle-panel"
      onClick={() => on || toggleMiddle()}
      data-testid={`tab-${name}`}
    >
      {label}
    </button>
  );
}

function Content() {
  if (sitesLoad.value === "loading") return <p class="quiet">{t("c.load")}</p>;
  if (sitesLoad.value === "failed") {
    return (
      <button type="button" class="tonal" onClick={() => void loadAll()}>
        {t("c.retry")}
      </button>
    );
  }
  if (sites.value.length === 0) return <p class="quiet">{t("c.nores")}</p>;
  return middle.value === "sites" ? <SiteTable /> : <AreaTable />;
}

function SiteTable() {
  const here = inOrder.value.filter(
    (s) => district.value === null || s.district === district.value,
  );
  const hidden = here.length - SHOWN;
  return (
    <>
      <table class="sites" data-testid="sites">
        <thead>
          <tr>
            <th scope="col">{t("m.site")}</th>
            <th scope="col">{t("m.status")}</th>
            <th scope="col">{t("m.visit")}</th>
          </tr>
        </thead>
        <tbody>
          {here.slice(0, SHOWN).map((site) => (
            <SiteRow key={site.id} site={site} visit={visitOf.value.get(site.id)} />
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <button type="button" class="link" onClick={toggleMiddle} data-testid="more-sites">
          {t("m.more", { n: hidden })}
        </button>
      )}
    </>
  );
}

function SiteRow({ site, visit }: { site: Site; visit: Visit | undefined }) {
  const status = statusOf(site);
  return (
    <tr data-testid="site-row" data-id={site.id} data-status={status}>
      <th scope="row">
        {site.name}
        <small>{site.district ?? unitName(site.unit)}</small>
      </th>
      <td class={`state status-${status}`}>
        <i aria-hidden="true">{STATUS_MARK[status]}</i>
        {t(`st.${status}`)}
        <small>
          {site.since && t("m.since", { time: shortTime(site.since, clock.hour.value) })}
        </small>
      </td>
      <td class={visit ? `state visit visit-${visit.state}` : "state"}>
        {visit && (
          <>
            <i aria-hidden="true">{VISIT_MARK[visit.state]}</i>
            {tIfKnown("t", visit.state)}
            <small>{shortTime(visit.due_at, clock.hour.value)}</small>
          </>
        )}
      </td>
    </tr>
  );
}

function AreaTable() {
  const rows = areas(sites.value, visits.value.values(), open.value);
  return (
    <table class="areas" data-testid="areas">
      <thead>
        <tr>
          <th scope="col">{t("m.area")}</th>
          <th scope="col">{t("m.open")}</th>
          <th scope="col">{t("st.gangguan")}</th>
          <th scope="col">{t("cov.nonews")}</th>
          <th scope="col">{t("t.missed")}</th>
          <th scope="col">{t("m.sites")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((area) => (
          <AreaRow key={area.name} area={area} />
        ))}
      </tbody>
    </table>
  );
}

function AreaRow({ area }: { area: Area }) {
  const show = () => {
    district.value = area.name;
    middle.value = "sites";
  };
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" onClick={show}>
          {area.name ?? t("m.nodistrict")}
        </button>
      </th>
      <td class={area.alerts > 0 ? "bad" : "zero"}>{area.alerts || "·"}</td>
      <td class={area.gangguan > 0 ? "bad" : "zero"}>{area.gangguan || "·"}</td>
      <td class={area.unknown > 0 ? "unknown" : "zero"}>{area.unknown || "·"}</td>
      <td class={area.missed > 0 ? "late" : "zero"}>{area.missed || "·"}</td>
      <td>{area.sites}</td>
    </tr>
  );
}
