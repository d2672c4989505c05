import { useSignal } from "@preact/signals";
import * as clock from "../clock";
import { showSite } from "../desk";
import { shortTime, unitName } from "../format";
import { language, t } from "../language";
import { type Doubt, type Gap, older, presence } from "./presence";

/** What is to be checked, the newest first. It takes nothing back, and accuses nobody. */
export function PresenceTable() {
  const { doubts, gaps } = presence.value;
  return (
    <div class="table-box" tabIndex={0} aria-label={t("chk.title")} role="region">
      <p class="quiet note">{t("chk.note")}</p>
      {gaps.length > 0 && <Gaps gaps={gaps} />}
      {doubts.length === 0 ? <p class="quiet note">{t("chk.none")}</p> : <Doubts />}
    </div>
  );
}

function Doubts() {
  const before = useSignal<Doubt[]>([]);
  const next = useSignal<string | null | undefined>(undefined);
  const rest = next.value === undefined ? presence.value.next : next.value;
  const more = async (after: string) => {
    const page = await older(after).catch(() => null); // the button stays, to be pressed again
    if (page === null) return;
    before.value = [...before.value, ...page.doubts];
    next.value = page.next;
  };
  const newest = presence.value.doubts;
  const known = new Set(newest.map((doubt) => doubt.id));
  const shown = [...newest, ...before.value.filter((doubt) => !known.has(doubt.id))];
  return (
    <>
      <table class="tasks" data-testid="doubts">
        <thead>
          <tr>
            <th scope="col">{t("chk.doubt")}</th>
            <th scope="col">{t("chk.phone")}</th>
            <th scope="col">{t("chk.when")}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((doubt) => (
            <DoubtRow key={doubt.id} doubt={doubt} />
          ))}
        </tbody>
      </table>
      {rest !== null && (
        <button type="button" class="tonal" onClick={() => void more(rest)} data-testid="older">
          {t("chk.older")}
        </button>
      )}
    </>
  );
}

function DoubtRow({ doubt }: { doubt: Doubt }) {
  const { site } = doubt;
  return (
    <tr data-testid="doubt" data-id={doubt.id} data-kind={doubt.kind}>
      <th scope="row">
        <DoubtWords doubt={doubt} />
        <small>
          {site === null ? (
            unitName(doubt.unit)
          ) : (
            <button type="button" class="link" onClick={() => showSite(site)}>
              {doubt.site_name ?? site}
            </button>
          )}
        </small>
      </th>
      <td class="devices">
        {doubt.devices.map((device, index) => [index > 0 && ", ", <span>{device}</span>])}
      </td>
      <td>{shortTime(doubt.time, clock.hour.value)}</td>
    </tr>
  );
}

/** Why, with the figures. */
export function DoubtWords({ doubt }: { doubt: Doubt }) {
  return <>{doubt.reasons.map((reason) => reason[language.value]).join(" · ")}</>;
}

function Gaps({ gaps }: { gaps: readonly Gap[] }) {
  return (
    <table class="tasks" data-testid="gaps">
      <thead>
        <tr>
          <th scope="col">{t("chk.gaps")}</th>
          <th scope="col">{t("chk.phone")}</th>
          <th scope="col">{t("chk.since")}</th>
        </tr>
      </thead>
      <tbody>
        {gaps.map((gap) => (
          <tr key={gap.device} data-testid="gap">
            <th scope="row">
              {t("chk.missing", { n: gap.missing })}
              <small>{unitName(gap.unit)}</small>
            </th>
            <td>{gap.device}</td>
            <td>{shortTime(gap.since, clock.hour.value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
