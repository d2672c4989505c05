/** F8: the *laporan giat* of a visit, to be copied into the chat of the command. */

import { beginAmending } from "./amend";
import { clockTime, dayTime, shortTime } from "./format";
import { now } from "./clock";
import { giat } from "./giat";
import { t } from "./language";
import { Menu } from "./Menu";
import { say } from "./said";
import { about, go, replace } from "./screen";
import { type Visit, visits } from "./visit";

export function Activity() {
  const all = [...visits.value].reverse();
  const chosen = all.find((one) => one.id === about.value) ?? all[0];
  return (
    <>
      <div class="head">
        <h1>{t("nav.activity")}</h1>
        <Menu />
      </div>
      {chosen ? <Text visit={chosen} /> : <p class="empty">{t("giat.none")}</p>}
      {all.length > 1 && (
        <label class="field">
          <span>{t("giat.other")}</span>
          <select
            data-testid="giat-choice"
            value={chosen?.id ?? ""}
            onChange={(event) => replace("activity", event.currentTarget.value)}
          >
            {all.map((one) => (
              <option value={one.id}>
                {dayTime(one.at, now())} {one.siteName}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

function Text({ visit }: { visit: Visit }) {
  const text = giat(visit);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    say(t("giat.copied"));
  };
  const edit = () => {
    beginAmending(visit);
    go("correct", visit.id);
  };
  const share = () => void navigator.share({ text }).catch(() => undefined);
  return (
    <div class="beside">
      <p class="giat" lang="id" data-testid="giat">
        {text}
      </p>
      <div class="stack">
        <button type="button" class="primary wide" data-testid="copy" onClick={copy}>
          {t("r.copy")}
        </button>
        <div class="pair">
          {"share" in navigator && (
            <button type="button" class="plain" onClick={share}>
              {t("c.share")}
            </button>
          )}
          <button type="button" class="plain" data-testid="edit" onClick={edit}>
            {t("giat.edit")}
          </button>
        </div>
        <p class="quiet" data-testid="giat-from">
          {t("giat.from", { time: clockTime(visit.finished?.at ?? visit.at) })}
          {visit.correctedAt && ` · ${t("giat.corrected", { time: shortTime(visit.correctedAt) })}`}
        </p>
      </div>
    </div>
  );
}
