import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { perform } from "./commands";
import type { Alert } from "./contract";
import { dialog } from "./desk";
import { Dialog } from "./Dialog";
import { age, decimal, distanceKm, title } from "./format";
import { t } from "./language";
import { SeveritySymbol } from "./Severity";
import { open } from "./state";

const SHOWN = 8;

/** Joins another alert's reports to this one. What is near in place and time stands first. */
export function MergeDialog({ alert }: { alert: Alert }) {
  // Made once: rows do not move while one is chosen.
  const list = useMemo(() => nearest(alert, open.peek()), []);
  const chosen = useSignal<string | null>(null);
  const merge = () => {
    if (chosen.value === null) return;
    dialog.value = null;
    void perform(alert, "merge", { other: chosen.value });
  };
  return (
    <Dialog
      name="merge"
      heading={`${t("a.merge")} → ${title(alert)}`}
      confirm={t("a.merge")}
      ready={chosen.value !== null}
      onConfirm={merge}
    >
      {list.length === 0 && <p class="quiet">{t("c.nores")}</p>}
      <div class="options" role="radiogroup" aria-label={t("a.merge")}>
        {list.map((other, index) => (
          <label key={other.id} class="option">
            <input
              type="radio"
              name="other"
              value={other.id}
              checked={chosen.value === other.id}
              onChange={() => (chosen.value = other.id)}
              data-first={index === 0 ? "" : undefined}
              data-testid="merge-option"
              data-id={other.id}
            />
            <span class="merge-line">
              <SeveritySymbol alert={other} />
              <span>
                <b>{title(other)}</b>
                <small>
                  #{other.number} · {apart(alert, other)}
                </small>
              </span>
            </span>
          </label>
        ))}
      </div>
    </Dialog>
  );
}

function nearest(alert: Alert, others: readonly Alert[]): Alert[] {
  return others
    .filter((other) => other.id !== alert.id && other.kind !== "duress")
    .sort((a, b) => far(alert, a) - far(alert, b) || (a.id < b.id ? -1 : 1))
    .slice(0, SHOWN);
}

/** Kilometres and quarters of an hour weigh alike. */
function far(a: Alert, b: Alert): number {
  const quarters = Math.abs(Date.parse(a.reported_at) - Date.parse(b.reported_at)) / 900_000;
  return (kmBetween(a, b) ?? 1_000) + quarters;
}

function kmBetween(a: Alert, b: Alert): number | null {
  if (a.lat === null || a.lon === null || b.lat === null || b.lon === null) return null;
  return distanceKm({ lat: a.lat, lon: a.lon }, { lat: b.lat, lon: b.lon });
}

function apart(a: Alert, b: Alert): string {
  const seconds = Math.abs(Date.parse(a.reported_at) - Date.parse(b.reported_at)) / 1000;
  const km = kmBetween(a, b);
  return [km !== null && `${decimal(km)} km`, age(seconds)].filter(Boolean).join(" · ");
}
