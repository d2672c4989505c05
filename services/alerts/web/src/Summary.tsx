import * as clock from "./clock";
import { age, shortTime, unitName } from "./format";
import { t } from "./language";
import { type Stand, visitStand } from "./sites";
import { crews, sites, sitesLoad } from "./state";

const SHOWN_VISITS = 8;
const ORDER: Stand["state"][] = ["missed", "at_risk", "due"];

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

/** Where a visit is missing or owed, or its time has come. */
function Visits() {
  const now = clock.minute.value ?? 0;
  const wanted = sites.value
    .flatMap((site) => {
      const stand = visitStand(site, now);
      return stand && ORDER.includes(stand.state) ? [{ site, stand }] : [];
    })
    .sort(
      (a, b) =>
        ORDER.indexOf(a.stand.state) - ORDER.indexOf(b.stand.state) ||
        Date.parse(a.stand.at) - Date.parse(b.stand.at),
    )
    .slice(0, SHOWN_VISITS);
  if (wanted.length === 0) return <p class="quiet">{t("c.nores")}</p>;
  return (
    <ul class="lines">
      {wanted.map(({ site, stand }) => (
        <li key={site.id}>
          <b>{site.name}</b>
          <small class={`visit-${stand.state}`}>
            {t(`t.${stand.state}`)} {shortTime(stand.at)}
          </small>
        </li>
      ))}
    </ul>
  );
}
