/** F2: the crew begins and ends its duty with this phone. */

import { useSignal } from "@preact/signals";
import { askForCrew, assignment } from "./assignment";
import type { Crew, Person } from "./contract";
import { type Duty as OnDuty, duty, endDuty, startDuty } from "./duty";
import { shortTime } from "./format";
import { identity } from "./identity";
import { listenAnew } from "./inbox";
import { t } from "./language";
import { once } from "./once";
import { unsent } from "./outbox";
import { Head, Tick } from "./Page";
import { replace } from "./screen";
import { sendNow } from "./sender";
import { abandon, visit } from "./visit";

/** A crew of one is no crew where a target is at risk. */
const LEAST_AT_RISK = 2;

export function Duty() {
  const crews = assignment.value?.data.crews ?? [];
  // The form begins anew when the plan comes, or names other crews.
  const key = crews.map((one) => one.crew).join();
  // It is the officer's own, whatever the plan says.
  const order = useSignal("");
  if (duty.value) return <End on={duty.value} />;
  return <Start crews={crews} order={order} key={key} />;
}

function Start({ crews, order }: { crews: Crew[]; order: { value: string } }) {
  const crew = useSignal(crews[0]?.crew ?? "");
  const chosen = crews.find((one) => one.crew === crew.value);
  const people = everybody(chosen);
  const me = identity.value?.actor ?? "";
  const members = useSignal<string[]>(shiftNow(chosen).map((one) => one.id));
  const vehicle = useSignal(crew.value);
  const neutral = useSignal(false);
  const held = useSignal("");
  const isMine = members.value.length === 0 || members.value.includes(me);
  const holder = isMine ? undefined : people.find((one) => one.id === held.value);
  const stopped =
    whyNot(chosen, members.value, neutral.value, crew.value) ||
    (isMine || holder ? "" : t("shift.whoholds"));
  const toggle = (id: string, on: boolean) => {
    members.value = on ? [...members.value, id] : members.value.filter((one) => one !== id);
  };
  const changeCrew = (to: string) => {
    const other = crews.find((one) => one.crew === to);
    crew.value = to;
    if (!other) return; // a name that is being typed
    members.value = shiftNow(other).map((one) => one.id);
    vehicle.value = to;
    held.value = "";
  };
  const start = async () => {
    if (stopped) return;
    const found = members.value.map((id) => ({
      id,
      name: people.find((one) => one.id === id)?.name ?? id,
    }));
    await startDuty({
      crew: crew.value.trim(),
      members: found.length > 0 ? found : [{ id: me, name: identity.value?.name ?? me }],
      order: order.value,
      vehicle: vehicle.value,
      holder: holder && { id: holder.id, name: holder.name },
    });
    askForCrew(crew.value.trim());
    listenAnew();
    replace("tasks");
  };
  return (
    <>
      <Head title={t("shift.start")} />
      <CrewField crews={crews} value={crew.value} change={changeCrew} />
      <TextField name={t("shift.order")} value={order} testid="duty-order" />
      <TextField name={t("shift.vehicle")} value={vehicle} testid="duty-vehicle" />
      <fieldset>
        <legend>{t("shift.crew")}</legend>
        {people.map((one) => (
          <Tick
            key={one.id}
            label={named(one)}
            on={members.value.includes(one.id)}
            change={(on) => toggle(one.id, on)}
          />
        ))}
      </fieldset>
      {!isMine && (
        <Holder
          people={people.filter((one) => members.value.includes(one.id))}
          value={held.value}
          change={(to) => (held.value = to)}
        />
      )}
      <Tick
        label={t("shift.neutral")}
        on={neutral.value}
        testid="neutral"
        change={(on) => (neutral.value = on)}
      />
      <p class="quiet">{t("shift.track")}</p>
      {stopped && <p data-testid="why-not">{stopped}</p>}
      <button
        type="button"
        class="primary wide"
        data-testid="start-duty"
        aria-disabled={stopped !== ""}
        onClick={() => once("duty", start)}
      >
        {t("shift.start")}
      </button>
    </>
  );
}

/** The officer whose phone it is has no duty with this crew: what it sends is somebody else's. */
function Holder({ people, value, change }: {
  people: Person[];
  value: string;
  change: (to: string) => void;
}) {
  return (
    <label class="field">
      <span>{t("shift.holder")}</span>
      <select
        data-testid="duty-holder"
        value={value}
        onChange={(event) => change(event.currentTarget.value)}
      >
        <option value="">–</option>
        {people.map((one) => (
          <option value={one.id}>{named(one)}</option>
        ))}
      </select>
    </label>
  );
}

function named({ rank, name }: Person): string {
  return `${rank ?? ""} ${name}`.trim();
}

function whyNot(chosen: Crew | undefined, members: string[], neutral: boolean, name: string) {
  if (name.trim() === "") return t("shift.nocrew");
  const risky = new Set(chosen?.shifts.flatMap((shift) => shift.sites));
  const targets = assignment.value?.data.sites.filter((site) => risky.has(site.id)) ?? [];
  const atRisk = targets.some((site) => site.risk_class !== "kurang_rawan");
  if (atRisk && members.length < LEAST_AT_RISK) return t("shift.toofew");
  return neutral ? "" : t("shift.neutralfirst");
}

function everybody(crew: Crew | undefined): Person[] {
  const all = (crew?.shifts ?? []).flatMap((shift) => shift.members);
  return all.filter((one, index) => all.findIndex((other) => other.id === one.id) === index);
}

/** The members of the shift that this officer is on, else of the first one. */
function shiftNow(crew: Crew | undefined): Person[] {
  const me = identity.value?.actor;
  const mine = crew?.shifts.find((shift) => shift.members.some((one) => one.id === me));
  return (mine ?? crew?.shifts[0])?.members ?? [];
}

function CrewField({ crews, value, change }: {
  crews: Crew[];
  value: string;
  change: (to: string) => void;
}) {
  return (
    <label class="field">
      <span>{t("shift.unit")}</span>
      {crews.length > 0 ? (
        <select
          data-testid="duty-crew"
          value={value}
          onChange={(event) => change(event.currentTarget.value)}
        >
          {crews.map((one) => (
            <option value={one.crew}>{one.crew}</option>
          ))}
        </select>
      ) : (
        <input
          type="text"
          data-testid="duty-crew"
          maxLength={80}
          value={value}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
    </label>
  );
}

function TextField({ name, value, testid }: {
  name: string;
  value: { value: string };
  testid: string;
}) {
  return (
    <label class="field">
      <span>{name}</span>
      <input
        type="text"
        maxLength={120}
        data-testid={testid}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
    </label>
  );
}

function End({ on }: { on: OnDuty }) {
  const left = unsent.value.length;
  const end = async () => {
    await abandon();
    await endDuty();
    askForCrew(null);
    listenAnew();
    replace("tasks");
  };
  return (
    <>
      <Head title={t("shift.end")} />
      <section class="card">
        <h2>{on.crew}</h2>
        <p>{on.members.map((one) => one.name).join(", ")}</p>
        <p class="quiet">{t("shift.since", { time: shortTime(on.startedAt) })}</p>
      </section>
      {visit.value && (
        <section class="card unknown">
          <p data-testid="open-at-end">{t("shift.openvisit", { site: visit.value.siteName })}</p>
          <button type="button" class="tonal wide" onClick={() => replace("visit")}>
            {t("ci.continue")}
          </button>
        </section>
      )}
      {left > 0 && (
        <section class="card unknown">
          <p data-testid="unsent">{t("shift.unsent", { n: left })}</p>
          <button type="button" class="primary wide" onClick={sendNow}>
            {t("shift.first")}
          </button>
        </section>
      )}
      <button
        type="button"
        class={left > 0 ? "plain wide" : "primary wide"}
        data-testid="end-duty"
        onClick={() => once("duty", end)}
      >
        {left > 0 ? t("shift.anyway") : t("shift.end")}
      </button>
    </>
  );
}
