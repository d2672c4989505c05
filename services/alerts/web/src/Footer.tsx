import * as clock from "./clock";
import { recent } from "./flood";
import { clockTime, decimal } from "./format";
import { t } from "./language";
import { crews, dayCoverage, sites, visits } from "./state";
import { coverage, statusOf } from "./sites";

/** Below this a percentage says more than the number can. */
const ENOUGH = 20;

export function Footer() {
  const seen = coverage(visits.value.values());
  const day = dayCoverage.value?.total.visits;
  const done = day ? day.done + day.late : seen.done;
  const of = day ? day.required : seen.done + seen.missed;
  const missed = day ? day.missed : seen.missed;
  const silent = sites.value.filter((site) => statusOf(site) === "unknown").length;
  const percent = of >= ENOUGH ? `${decimal((100 * done) / of)}% ` : "";
  return (
    <footer class="foot" data-testid="footer">
      <Figure
        label={t("cov.title")}
        value={`${percent}${percent ? `(${done}/${of})` : `${done}/${of}`}`}
      />
      <Figure label={t("t.due")} value={seen.due} />
      <Figure label={t("t.missed")} value={missed} />
      <Figure label={t("cov.nonews")} value={silent} unknown={silent > 0} />
      <Figure label={t("cov.duty")} value={crews.value.length} />
      <span>{t("cov.recent", { n: recent.value })}</span>
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

function asOf(): number | null {
  return clock.freshness.value === "live" ? clock.seconds.value : clock.dataAsOf.value;
}
