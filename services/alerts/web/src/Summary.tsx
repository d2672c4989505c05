import * as clock from "./clock";
import type { Visit } from "./contract";
import { age, shortTime, unitName } from "./format";
import { t } from "./language";
import { crews, sitesLoad, visits } from "./state";

const SHOWN_VISITS = 8;
const ORDER: Visit["state"][] = ["missed", "at_risk", "due"];

/** What stands in the right column while no alert is chosen. */
export function Summary() {
  return (
    <div class="summary" data-testid="summary">
      <h2 id="detail-title">{t("s.summary")}</h2>
      <p class="quiet">{t("s.pick")}</p>
      {sitesLoad.value === "ready" && <Around />}
    </div>
  );
}

function Around() {
  return (
    <>
      <h3>{t("u.near")}</h3>
      <Crews />
      <h3>{t("m.visit")}</h3>
      <Visits />
    </>
  );
}

function Crews() {
  if (crews.value.length === 0) return <p class="quiet">{t("u.none")}</p>;
  const now = clock.countdownNow.value;
  return (
    <ul class="lines">
      {crews.value.map((crew) => (
        <li key={crew.crew}>
          <b>{crew.crew}</b> {unitName(crew.unit)}
          <small class={crew.position ? "" : "unknown"}>
            {crew.position && now !== null
              ? t("u.age", { age: age((now - Date.parse(crew.position.at)) / 1000) })
              : t("u.nopos")}
          </small>
        </li>
      ))}
    </ul>
  );
}

function Visits() {
  const wanted = [...visits.value.values()]
    .filter((visit) => ORDER.includes(visit.state))
    .sort(
      (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.due_at < b.due_at ? -1 : 1),
    )
    .slice(0, SHOWN_VISITS);
  if (wanted.length === 0) return <p class="quiet">{t("c.nores")}</p>;
  return (
    <ul class="lines">
      {wanted.map((visit) => (
        <li key={visit.id}>
          <b>{visit.site_name}</b>
          <small class={`visit-${visit.state}`}>
            {t(`t.${visit.state}`)} {shortTime(visit.due_at)}
          </small>
        </li>
      ))}
    </ul>
  );
}
