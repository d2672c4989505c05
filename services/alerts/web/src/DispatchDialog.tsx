import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import * as clock from "./clock";
import { perform } from "./commands";
import type { Alert } from "./contract";
import { type Candidate, candidates, isBusy } from "./crews";
import { dialog } from "./desk";
import { Dialog } from "./Dialog";
import { age, decimal, title, unitName } from "./format";
import { t } from "./language";
import { alerts, crews } from "./state";

/** The nearest free crew stands first and is chosen: B, Enter sends it. */
export function DispatchDialog({ alert }: { alert: Alert }) {
  // Made once: rows do not move while one is chosen.
  const list = useMemo(() => candidates(alert, crews.peek(), clock.now.peek()), []);
  const chosen = useSignal<string | null>(null);
  const note = useSignal("");
  const crew = chosen.value ?? list[0]?.crew.crew ?? null;

  const send = () => {
    if (crew === null) return;
    dialog.value = null;
    const details = note.value.trim() === "" ? { crew } : { crew, note: note.value.trim() };
    void perform(alert, "dispatch", details);
  };

  return (
    <Dialog
      name="dispatch"
      heading={`${t("u.title")} → ${title(alert)}`}
      confirm={crew === null ? t("c.send") : t("u.send", { crew })}
      ready={crew !== null}
      onConfirm={send}
    >
      {list.length === 0 && <p class="quiet">{t("u.none")}</p>}
      <div class="options" role="radiogroup" aria-label={t("u.near")}>
        {list.map((candidate, index) => (
          <label key={candidate.crew.crew} class="option">
            <input
              type="radio"
              name="crew"
              value={candidate.crew.crew}
              checked={candidate.crew.crew === crew}
              onChange={() => (chosen.value = candidate.crew.crew)}
              data-first={index === 0 ? "" : undefined}
              data-testid="crew-option"
              data-crew={candidate.crew.crew}
            />
            <CrewLine candidate={candidate} alert={alert} />
          </label>
        ))}
      </div>
      <label class="field">
        {t("c.optional", { what: t("a.note") })}
        <input
          type="text"
          maxLength={500}
          value={note.value}
          onInput={(event) => (note.value = event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

function CrewLine({ candidate, alert }: { candidate: Candidate; alert: Alert }) {
  const { crew, km, ageMs, fresh } = candidate;
  const other = crew.busy_with === null ? null : alerts.value.get(crew.busy_with);
  const position =
    ageMs === null ? t("u.nopos") : t("u.age", { age: age(ageMs / 1000) }) + (fresh ? "" : " ◌");
  return (
    <span class="crew">
      <b>{crew.crew}</b>
      <span class="crew-km">{km !== null && `${decimal(km)} km`}</span>
      <span class={isBusy(crew, alert) ? "crew-busy" : "crew-free"}>
        {isBusy(crew, alert) ? t("u.busy", { alert: other ? title(other) : "–" }) : t("u.free")}
      </span>
      <small class={fresh ? "" : "unknown"}>
        {unitName(crew.unit)} · {t("u.people", { n: crew.members.length })} · {position}
      </small>
    </span>
  );
}
