import * as clock from "../clock";
import type { Crew } from "../contract";
import { age, shortTime, title, unitName } from "../format";
import { t } from "../language";
import { alerts, crews } from "../state";

const FRESH_S = 300;
const LIST_ONLY_S = 1_800;

/** Crews on duty with the age of each position; none is hidden, however old it is. */
export function UnitTable() {
  if (crews.value.length === 0) return <p class="quiet">{t("u.none")}</p>;
  return (
    <div class="table-box" tabIndex={0} aria-label={t("m.units")} role="region">
      <table class="units" data-testid="units">
        <thead>
          <tr>
            <th scope="col">{t("u.unit")}</th>
            <th scope="col">{t("m.status")}</th>
            <th scope="col">{t("u.position")}</th>
          </tr>
        </thead>
        <tbody>
          {crews.value.map((crew) => (
            <UnitRow key={crew.crew} crew={crew} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UnitRow({ crew }: { crew: Crew }) {
  const now = clock.countdownNow.value;
  const old = crew.position && now !== null ? (now - Date.parse(crew.position.at)) / 1000 : null;
  const busy = crew.busy_with === null ? null : alerts.value.get(crew.busy_with);
  return (
    <tr data-testid="unit-row" data-crew={crew.crew}>
      <th scope="row">
        {crew.crew}
        <small>
          {unitName(crew.unit)} · {t("u.people", { n: crew.members.length })}
        </small>
      </th>
      <td>
        {crew.busy_with === null ? t("u.free") : t("u.busy", { alert: busy ? title(busy) : "–" })}
        <small>{t("u.since", { time: shortTime(crew.on_duty_since, clock.hour.value) })}</small>
      </td>
      <td class={old === null || old > FRESH_S ? "unknown" : ""}>
        {old === null ? t("u.nopos") : t("c.ago", { age: age(old) })}
        {old !== null && old > FRESH_S && <small>{t(old > LIST_ONLY_S ? "u.listonly" : "u.old")}</small>}
      </td>
    </tr>
  );
}
