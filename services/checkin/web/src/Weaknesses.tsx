/** Vulnerabilities seen on a visit: what, who sees to it, and until when. */

import { useSignal } from "@preact/signals";
import { now } from "./clock";
import { dayTime } from "./format";
import { newId } from "./ids";
import { t, tIfKnown } from "./language";
import { Segments } from "./Page";
import { changeVisit, type Visit } from "./visit";

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
const HOURS = ["6", "24", "72"] as const;

export function Weaknesses({ open }: { open: Visit }) {
  const adding = useSignal(false);
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
      {adding.value ? (
        <Form open={open} close={() => (adding.value = false)} />
      ) : (
        <button
          type="button"
          class="plain wide"
          data-testid="add-weakness"
          onClick={() => (adding.value = true)}
        >
          + {t("c.add")}
        </button>
      )}
    </section>
  );
}

function Form({ open, close }: { open: Visit; close: () => void }) {
  const kind = useSignal<string>(KINDS[0]);
  const text = useSignal("");
  const owner = useSignal<string>(OWNERS[0]);
  const hours = useSignal<(typeof HOURS)[number]>("24");
  const ready = text.value.trim() !== "" && owner.value.trim() !== "";
  const add = () => {
    if (!ready) return;
    const made = {
      id: newId(now()),
      kind: kind.value,
      text: text.value.trim(),
      owner: owner.value.trim(),
      dueAt: now() + Number(hours.value) * 3600_000,
      photos: [],
    };
    changeVisit({ weaknesses: [...open.weaknesses, made] });
    close();
  };
  return (
    <div class="card" data-testid="weakness-form">
      <label class="field">
        <span>{t("vuln.kind")}</span>
        <select value={kind.value} onChange={(event) => (kind.value = event.currentTarget.value)}>
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
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>{t("ci.owner")}</span>
        <input
          type="text"
          list="owners"
          maxLength={120}
          value={owner.value}
          onInput={(event) => (owner.value = event.currentTarget.value)}
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
        value={hours.value}
        choose={(chosen) => (hours.value = chosen)}
      />
      <div class="pair">
        <button type="button" class="plain" onClick={close}>
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
