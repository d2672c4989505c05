import { type Signal, useSignal } from "@preact/signals";
import { announce } from "../announce";
import { post } from "../api";
import * as clock from "../clock";
import { dialog } from "../desk";
import { Dialog } from "../Dialog";
import { t, tIfKnown } from "../language";
import { followSituation } from "../live";
import { useAsking } from "./asking";
import type { SituationAnswer, SituationChoices } from "./contract";
import { Overrides } from "./Overrides";
import { Pick } from "./Pick";
import {
  KINDS,
  type Kind,
  meaning,
  peopleItems,
  siteItems,
  valueName,
  valuesOf,
  type Wanted,
} from "./situation";
import { useRead } from "./useRead";
import { Waiting } from "./Waiting";

const HOUR_MS = 3_600_000;

/** The posko changes the plan's defaults from this minute on, under its name and with a reason. */
export function SituationDialog() {
  const reading = useRead<SituationChoices>("/v1/situation/choices");
  const choices = reading.data.value;
  if (choices !== null) return <Change choices={choices} />;
  return (
    <Dialog name="situation" heading={t("sit.title")}>
      <Waiting reading={reading} />
    </Dialog>
  );
}

function Change({ choices }: { choices: SituationChoices }) {
  const asking = useAsking();
  const kind = useSignal<Kind>("phase");
  const of = useSignal("");
  const value = useSignal("");
  const hours = useSignal(0);
  const reason = useSignal("");
  const ending = useSignal<Wanted | null>(null);
  const words = reason.value.trim();
  const wanted = ending.value ?? complete(kind.value, of.value, value.value);

  const turnTo = (next: Kind) => {
    kind.value = next;
    of.value = value.value = "";
    ending.value = null;
  };
  const send = async () => {
    if (wanted === null) return;
    const change = { ...wanted, until: ending.value ? null : untilIn(hours.value) };
    const body = { reason: words, changes: [change] };
    const ask = async (key: string) => {
      const answer = await post<SituationAnswer>("/v1/situation", { ...body, key });
      void followSituation(answer.at, answer.changes);
    };
    if (!(await asking.run(ask))) return;
    announce(t("sit.done"));
    dialog.value = null;
  };

  return (
    <Dialog
      name="situation"
      heading={t("sit.title")}
      confirm={t(ending.value ? "sit.endit" : "sit.change")}
      ready={wanted !== null && words !== "" && !asking.busy.value}
      onConfirm={() => void send()}
    >
      <h3>{t("sit.now")}</h3>
      <Overrides choices={choices} ending={ending.value} end={(live) => (ending.value = live)} />
      <h3 id="sit-what">{t("sit.what")}</h3>
      <div class="segments" role="group" aria-labelledby="sit-what">
        {KINDS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={ending.value === null && kind.value === each}
            onClick={() => turnTo(each)}
            data-testid={`situation-${each}`}
          >
            {t(`sit.${each}`)}
          </button>
        ))}
      </div>
      {ending.value === null && (
        <div class="fields">
          <Fields key={kind.value} kind={kind.value} choices={choices} of={of} value={value} />
          <label class="field wide">
            {t("c.optional", { what: t("sit.hours") })}
            <input
              type="number"
              min={0}
              max={720}
              value={hours.value || ""}
              onInput={(event) => (hours.value = Number(event.currentTarget.value) || 0)}
              data-testid="situation-hours"
            />
          </label>
        </div>
      )}
      <label class="field">
        {t("c.reason")}
        <textarea
          rows={2}
          maxLength={1000}
          required
          value={reason.value}
          onInput={(event) => (reason.value = event.currentTarget.value)}
          data-testid="situation-reason"
        />
      </label>
      <p class="meaning" role="status" data-testid="situation-meaning">
        {wanted && meaning(wanted, choices)}
      </p>
      <p class="fault" role="alert">
        {asking.fault}
      </p>
    </Dialog>
  );
}

interface Filling {
  kind: Kind;
  choices: SituationChoices;
  of: Signal<string>;
  value: Signal<string>;
}

/** A site or a person where it is about one, then what it becomes. */
function Fields({ kind, choices, of, value }: Filling) {
  const pickOf = (id: string) => (of.value = id);
  if (kind === "stand_in") {
    const people = peopleItems(choices);
    return (
      <>
        <Pick label={t("sit.person")} items={people} onPick={pickOf} testId="situation-of" />
        <Pick
          label={t("sit.deputy")}
          items={people}
          onPick={(id) => (value.value = id)}
          testId="situation-deputy"
        />
      </>
    );
  }
  return (
    <>
      {kind === "site_class" && (
        <Pick label={t("m.site")} items={siteItems()} onPick={pickOf} testId="situation-of" />
      )}
      <label class="field wide">
        {tIfKnown("sit", kind)}
        <select
          value={value.value}
          onChange={(event) => (value.value = event.currentTarget.value)}
          data-testid="situation-value"
        >
          <option value="">–</option>
          {valuesOf(kind, choices).map((code) => (
            <option key={code} value={code}>
              {valueName(kind, code, choices)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

/** None while something is still to be named. */
function complete(kind: Kind, of: string, value: string): Wanted | null {
  const about = kind === "site_class" || kind === "stand_in";
  if (value === "" || (about && of === "")) return null;
  return { what: kind, of: about ? of : null, value };
}

/** Without hours it holds until somebody ends it. */
function untilIn(hours: number): string | null {
  if (hours <= 0) return null;
  return new Date((clock.now.peek() ?? Date.now()) + hours * HOUR_MS).toISOString();
}
