import * as clock from "./clock";
import { clockTime } from "./format";
import { t } from "./language";
import { alertsLoad } from "./state";

/** What stands in the place of the most urgent alert. "Nothing waits" is said by a live board only. */
export function Nothing() {
  const lost = clock.freshness.value === "lost";
  if (alertsLoad.value !== "ready" || clock.missingSince.value !== null) return <>{t("c.load")}</>;
  return <>{lost ? t("cov.asof", { time: clockTime(clock.dataAsOf.value) }) : t("s.none")}</>;
}
