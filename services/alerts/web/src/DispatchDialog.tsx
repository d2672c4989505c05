import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import * as clock from "./clock";
import { perform } from "./commands";
import type { Alert, Backup } from "./contract";
import { type Candidate, candidates, isBusy, recommended } from "./crews";
import { backup, dialog } from "./desk";
import { Dialog } from "./Dialog";
import { age, decimal, title, unitName } from "./format";
import { language, t } from "./language";
import { alerts, crews } from "./state";

/** Help from the province is asked for with a reason. */
const WITH_REASON = ["bko_polda", "brimob_phh"];
const OTHER = " other";

/** The best crew stands first and is chosen: B, Enter sends it. */
export function DispatchDialog({ alert }: { alert: Alert }) {
  // Made once: rows do not move while one is chosen.
  const advice = useMemo(() => backup.peek(), []);
  const list = useMemo(() => ordered(alert, advice), []);
  const chosen = useSignal(list[0]?.crew.crew ?? OTHER);
  const other = useSignal("");
  const rung = useSignal("");
  const note = useSignal("");
  const crew = chosen.value === OTHER ? other.value.trim() : chosen.value;
  const words = note.value.trim();
  const reasoned = words !== "" || !WITH_REASON.includes(rung.value);

  const send = async () => {
    dialog.value = null;
    const details = rung.value === "" ? { crew } : { crew, backup_type: rung.value };
    const sent = await perform(alert, "dispatch", details);
    const newest = alerts.peek().get(alert.id);
    if (sent && words !== "" && newest) await perform(newest, "note", { note: words });
  };

  return (
    <Dialog
      name="dispatch"
      heading={`${t("u.title")} → ${title(alert)}`}
      confirm={crew === "" ? t("c.send") : t("u.send", { crew })}
      ready={crew !== "" && reasoned}
      onConfirm={() => void send()}
    >
      {list.length === 0 && <p class="quiet">{t("u.none")}</p>}
      <div class="options" role="radiogroup" aria-label={t("u.near")}>
        {list.map((candidate, index) => (
          <label key={candidate.crew.crew} class="option">
            <input
              type="radio"
              name="crew"
              value={candidate.crew.crew}
              checked={candidate.crew.crew === chosen.value}
              onChange={() => (chosen.value = candidate.crew.crew)}
              data-first={index === 0 ? "" : undefined}
              data-testid="crew-option"
              data-crew={candidate.crew.crew}
            />
            <CrewLine candidate={candidate} alert={alert} />
          </label>
        ))}
        <label class="option">
          <input
            type="radio"
            name="crew"
            checked={chosen.value === OTHER}
            onChange={() => (chosen.value = OTHER)}
            data-testid="crew-other"
          />
          {t("u.other")}
        </label>
      </div>
      {chosen.value === OTHER && (
        <label class="field">
          {t("u.othername")}
          <input
            type="text"
            maxLength={200}
            value={other.value}
            onInput={(event) => (other.value = event.currentTarget.value)}
            data-testid="crew-name"
          />
        </label>
      )}
      {advice && <Ladder advice={advice} chosen={rung.value} choose={(code) => (rung.value = code)} />}
      <label class="field">
        {WITH_REASON.includes(rung.value)
          ? t("c.reason")
          : t("c.optional", { what: t("a.note") })}
        <input
          type="text"
          maxLength={500}
          value={note.value}
          onInput={(event) => (note.value = event.currentTarget.value)}
          data-testid="dispatch-note"
        />
      </label>
    </Dialog>
  );
}

/** Whom one asks for backup, in the order in which one asks; the specials after them. */
function Ladder(props: { advice: Backup; chosen: string; choose: (code: string) => void }) {
  const { advice, chosen, choose } = props;
  return (
    <label class="field">
      {t("u.ladder")}
      <select
        value={chosen}
        onChange={(event) => choose(event.currentTarget.value)}
        data-testid="ladder"
      >
        <option value="">{t("u.nearest")}</option>
        {[...advice.ladder, ...advice.specials].map((each) => (
          <option key={each.code} value={each.code}>
            {each.code === advice.next ? "▸ " : ""}
            {language.value === "id" ? each.label : each.label_en}
            {each.asked ? ` · ${t("u.asked")}` : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

function ordered(alert: Alert, advice: Backup | null): Candidate[] {
  if (advice !== null) return recommended(advice);
  return candidates(alert, crews.peek(), clock.now.peek());
}

function CrewLine({ candidate, alert }: { candidate: Candidate; alert: Alert }) {
  const { crew, km, ageMs, fresh, targetS, reasons } = candidate;
  const busy = crew.busy_with === null ? null : alerts.value.get(crew.busy_with);
  const position =
    ageMs === null ? t("u.nopos") : t("u.age", { age: age(ageMs / 1000) }) + (fresh ? "" : " ◌");
  const target = targetS === null ? "" : ` · ${t("u.target", { n: Math.round(targetS / 60) })}`;
  return (
    <span class="crew" title={reasons.map((reason) => reason[language.value]).join("; ")}>
      <b>{crew.crew}</b>
      <span class="crew-km">{km !== null && `${decimal(km)} km`}</span>
      <span class={isBusy(crew, alert) ? "crew-busy" : "crew-free"}>
        {isBusy(crew, alert) ? t("u.busy", { alert: busy ? title(busy) : "–" }) : t("u.free")}
      </span>
      <small class={fresh ? "" : "unknown"}>
        {unitName(crew.unit)} · {t("u.people", { n: crew.members.length })} · {position}
        {target}
      </small>
    </span>
  );
}
