import * as clock from "./clock";
import { clockTime, decimal } from "./format";
import { t } from "./language";
import { alerts, crews, sites, visits } from "./state";
import { coverage, statusOf } from "./sites";

const RECENT_MS = 600_000;
/** Below this a percentage says more than the number can. */
const ENOUGH = 20;

export function Footer() {
  const { done, missed, due } = coverage(visits.value.values());
  const of = done + missed;
  const silent = sites.value.filter((site) => statusOf(site) === "unknown").length;
  const percent = of >= ENOUGH ? `${decimal((100 * done) / of)}% ` : "";
  return (
    <footer class="foot" data-testid="footer">
      <Figure
        label={t("cov.title")}
        value={`${percent}${percent ? `(${done}/${of})` : `${done}/${of}`}`}
      />
      <Figure label={t("t.due")} value={due} />
      <Figure label={t("t.missed")} value={missed} />
      <Figure label={t("cov.nonews")} value={silent} unknown={silent > 0} />
      <Figure label={t("cov.duty")} value={crews.value.length} />
      <span>{t("cov.recent", { n: recent() })}</span>
      <span class="foot-asof">{t("cov.asof", { time: clockTime(asOf()) })}</span>
    </footer>
  );
}

function Figure(props: { label: string; value: number | string; unknown?: boolean }) {
  return (
    <span class={props.unknown ? "unknown" : ""}>
      {props.label} <b>{props.value}</b>
    </span>
  );
}

function recent(): number {
  const now = clock.countdownNow.value;
  if (now === null) return 0;
  return [...alerts.value.values()].filter((a) => now - Date.parse(a.raised_at) <= RECENT_MS)
    .length;
}

function asOf(): number | null {
  return clock.freshness.value === "live" ? clock.seconds.value : clock.dataAsOf.value;
}
