import type { ComponentChildren } from "preact";
import * as clock from "./clock";
import { district, type Middle as Name, middle, showMiddle, site } from "./desk";
import { type Key, t } from "./language";
import { loadAll } from "./live";
import { MapPanel } from "./map/MapPanel";
import { PresenceTable } from "./panels/PresenceTable";
import { toCheck } from "./panels/presence";
import { SitePanel } from "./panels/SitePanel";
import { TaskTable } from "./panels/TaskTable";
import { openTasks } from "./panels/tasks";
import { UnitTable } from "./panels/UnitTable";
import { VisitStrip } from "./panels/VisitStrip";
import { AreaTable, SiteTable } from "./SiteTables";
import { sites, sitesLoad } from "./state";

const TABS: [Name, Key][] = [
  ["map", "m.map"],
  ["areas", "m.area"],
  ["sites", "m.sites"],
  ["tasks", "m.tasks"],
  ["units", "m.units"],
  ["checks", "chk.tab"],
];

/** Map and lists: every fact of the map is in a list too. */
export function Middle() {
  return (
    <section class="middle" aria-label={t("m.label")} data-testid="middle" data-load={sitesLoad}>
      <div class="tabs" role="tablist" aria-label={t("k.middle")}>
        {TABS.map(([name, label]) => (
          <Tab key={name} name={name} label={t(label)} />
        ))}
        <kbd aria-hidden="true">P</kbd>
      </div>
      {middle.value === "sites" && district.value !== null && <OneDistrict />}
      <div
        class={clock.freshness.value === "lost" ? "middle-panel stale" : "middle-panel"}
        role="tabpanel"
        id="middle-panel"
        aria-labelledby={`tab-${middle.value}`}
      >
        <div class="kept" hidden={middle.value !== "map"}>
          <MapPanel />
          <VisitStrip />
        </div>
        <Content />
      </div>
      {site.value !== null && <SitePanel id={site.value} />}
    </section>
  );
}

function Tab({ name, label }: { name: Name; label: string }) {
  const on = middle.value === name;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={on}
      aria-controls="middle-panel"
      onClick={() => on || showMiddle(name)}
      data-testid={`tab-${name}`}
    >
      {label}
      {name === "tasks" && <small>{openTasks.value.length || ""}</small>}
      {name === "checks" && <small>{toCheck.value || ""}</small>}
    </button>
  );
}

function OneDistrict() {
  return (
    <p class="one-district">
      <b>{district.value}</b>
      <button
        type="button"
        class="plain"
        onClick={() => showMiddle("sites")}
        data-testid="all-districts"
      >
        {t("m.all")} ✕
      </button>
    </p>
  );
}

function Content(): ComponentChildren {
  const name = middle.value;
  if (name === "map") return null;
  if (name === "tasks") return <TaskTable />;
  if (name === "checks") return <PresenceTable />;
  if (sitesLoad.value === "loading") return <p class="quiet">{t("c.load")}</p>;
  if (sitesLoad.value === "failed") {
    return (
      <button type="button" class="tonal" onClick={() => void loadAll()}>
        {t("c.retry")}
      </button>
    );
  }
  if (name === "units") return <UnitTable />;
  if (sites.value.length === 0) return <p class="quiet">{t("c.nores")}</p>;
  return name === "sites" ? <SiteTable /> : <AreaTable />;
}
