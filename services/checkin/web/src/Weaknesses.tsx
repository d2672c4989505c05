/** Vulnerabilities seen on a visit: what, who sees to it, and until when. */

import { now } from "./clock";
import { dayTime } from "./format";
import { t, tIfKnown } from "./language";
import { Segments } from "./Page";
import { changeVisit, HOURS, type Visit, type WeaknessForm, withForm } from "./visit";

const KINDS = [
  "cctv_blind",
  "lock_broken",
  "light_out",
  "fence_broken",
  "few_guards",
  "crowd_expected",
  "leak_or_flood",
  "fire_risk",
  "other",
] as const;
/** Who usually sees to it. Any other name can be written. */
const OWNERS = ["KPU", "Bawaslu", "PPK", "Polsek"] as const;
const EMPTY: WeaknessForm = { kind: KINDS[0], text: "", owner: OWNERS[0], hours: "24" };

export function Weaknesses({ open }: { open: Visit }) {
  const remove = (id: string) => {
    changeVisit({ weaknesses: open.weaknesses.filter((one) => one.id !== id) });
  };
  return (
    <section class="weaknesses">
      <h2 class="field-title">{t("ci.vuln")}</h2>
      <ul>
        {open.weaknesses.map((one) => (
          <li key={one.id} class="weakness">
            <span>
              {tIfKnown("vuln", one.kind)}: {one.text}
              <small>
                {one.owner} · {dayTime(one.dueAt, now())}
              </small>
            </span>
            <button type="button" class="plain" onClick={() => remove(one.id)}>
              {t("c.remove")}
            </button>
          </li>
        ))}
      </ul>
      {open.weaknessForm ? (
        <Form open={open} form={open.weaknessForm} />
      ) : (
        <button
          type="button"
          class="plain wide"
          data-testid="add-weakness"
          onClick={() => changeVisit({ weaknessForm: EMPTY })}
        >
          + {t("c.add")}
        </button>
      )}
    </section>
  );
}

/** Kept with the visit: what is half written outlives a call and a kill, and is sent at the end. */
function Form({ open, form }: { open: Visit; form: WeaknessForm }) {
  const change = (changes: Partial<WeaknessForm>) => {
    changeVisit({ weaknessForm: { ...form, ...changes } });
  };
  const ready = form.text.trim() !== "" && form.owner.trim() !== "";
  const add = () => {
    if (!ready) return;
    changeVisit({ weaknesses: withForm(open).weaknesses, weaknessForm: undefined });
  };
  return (
    <div class="card" data-testid="weakness-form">
      <label class="field">
        <span>{t("vuln.kind")}</span>
        <select value={form.kind} onChange={(event) => change({ kind: event.currentTarget.value })}>
          {KINDS.map((one) => (
            <option value={one}>{t(`vuln.${one}`)}</option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t("vuln.what")}</span>
        <input
          type="text"
          data-testid="weakness-text"
          maxLength={1000}
          value={form.text}
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>{t("ci.owner")}</span>
        <input
          type="text"
          list="owners"
          maxLength={120}
          value={form.owner}
          onInput={(event) => change({ owner: event.currentTarget.value })}
        />
        <datalist id="owners">
          {OWNERS.map((one) => (
            <option value={one} />
          ))}
        </datalist>
      </label>
      <p class="field-title">{t("ci.deadline")}</p>
      <Segments
        label={t("ci.deadline")}
        options={HOURS.map((one) => [one, t("c.hour", { n: one })] as const)}
        value={form.hours}
        choose={(hours) => change({ hours })}
      />
      <div class="pair">
        <button
          type="button"
          class="plain"
          onClick={() => changeVisit({ weaknessForm: undefined })}
        >
          {t("c.cancel")}
        </button>
        <button
          type="button"
          class="primary"
          data-testid="weakness-add"
          aria-disabled={!ready}
          onClick={add}
        >
          {t("c.add")}
        </button>
      </div>
    </div>
  );
}
