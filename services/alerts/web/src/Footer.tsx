import * as clock from "./clock";
import type { VisitCounts } from "./contract";
import { recent } from "./flood";
import { clockTime, decimal } from "./format";
import { t } from "./language";
import { alertsLoad, crews, dayCoverage, sites } from "./state";
import { statusOf } from "./sites";

/** Below this a percentage says more than the number can. */
const ENOUGH = 20;

export function Footer() {
  const day = dayCoverage.value?.total.visits;
  const silent = sites.value.filter((site) => statusOf(site) === "unknown").length;
  return (
    <footer class="foot" data-testid="footer">
      <Figure label={t("cov.title")} value={day ? share(day) : "–"} />
      <Figure label={t("t.due")} value={day ? day.open + day.at_risk : "–"} />
      <Figure label={t("t.missed")} value={day ? day.missed : "–"} />
      <Figure label={t("cov.nonews")} value={silent} unknown={silent > 0} />
      <Figure label={t("cov.duty")} value={crews.value.length} />
      <span>{t("cov.recent", { n: alertsLoad.value === "ready" ? recent.value : "–" })}</span>
      <span class="foot-asof">{t("cov.asof", { time: clockTime(asOf()) })}</span>
    </footer>
  );
}

function share(day: VisitCounts): string {
  const made = day.done + day.late;
  const bare = `${made}/${day.required}`;
  if (day.required < ENOUGH) return bare;
  return `${decimal((100 * made) / day.required)}% (${bare})`;
}

function Figure(props: { label: string; value: number | string; unknown?: boolean }) {
  return (
    <span class={props.unknown ? "unknown" : ""}>
      {props.label} <b>{props.value}</b>
    </span>
  );
}

function asOf(): number | null {
  return clock.freshness.value === "live" ? clock.seconds.value : clock.dataAsOf.value;
}
