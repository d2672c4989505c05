import { computed, useComputed } from "@preact/signals";
import * as clock from "./clock";
import type { Alert } from "./contract";
import { Caption, Countdown } from "./Countdown";
import { openFold, rowId, select } from "./desk";
import type { Item } from "./fold";
import { age, categoryLabel, postName, siteLabel } from "./format";
import { t } from "./language";
import { changed, marks, pending } from "./marks";
import { needsTaking } from "./order";
import { SeveritySymbol, SeverityWord } from "./Severity";
import { partsOf } from "./Story";
import { alerts, selectedId } from "./state";
import { shownIds } from "./stillness";

interface Props {
  item: Item;
  /** Its place among all rows of the section, where not all of them are drawn. */
  place?: number;
  of?: number;
}

export function Row({ item, place, of }: Props) {
  const { id, others } = item;
  const alert = useComputed(() => alerts.value.get(id)).value;
  const isSelected = useComputed(() => selectedId.value === id).value;
  const isTabStop = useComputed(() => tabStop.value === id).value;
  const isChanged = useComputed(() => changed.value.has(id)).value;
  if (!alert) return null;
  const classes = ["row", `row-${alert.state}`, isChanged && "changed", others.length > 0 && "fold"];
  return (
    <div
      id={rowId(id)}
      class={classes.filter(Boolean).join(" ")}
      role="option"
      aria-selected={isSelected}
      aria-posinset={place}
      aria-setsize={of}
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => press(item)}
      onFocus={() => select(id)}
      data-testid="alert-row"
      data-id={id}
      data-state={alert.state}
      data-severity={alert.severity}
      data-folded={others.length || undefined}
    >
      <SeveritySymbol alert={alert} calling={needsTaking(alert)} />
      <span class="line">
        <span class="row-title">
          <b>{categoryLabel(alert)}</b>
          <span> · {siteLabel(alert)}</span>
        </span>
        <Countdown alert={alert} />
      </span>
      {others.length > 0 ? <FoldLine count={others.length} /> : <SecondLine alert={alert} />}
    </div>
  );
}

/** A press on a fold that is already chosen opens it. */
function press({ id, others }: Item): void {
  if (others.length > 0 && selectedId.peek() === id) openFold(id);
  else select(id);
}

function FoldLine({ count }: { count: number }) {
  return (
    <span class="line row-line fold-line">
      <span>{t("s.alike", { n: count })}</span>
      <small>
        {t("s.unfold")} <kbd>→</kbd>
      </small>
    </span>
  );
}

/** The queue is one tab stop: the selected row, else the first one. */
const tabStop = computed(() => {
  const ids = shownIds.value;
  const id = selectedId.value;
  return id !== null && ids.includes(id) ? id : ids[0];
});

function SecondLine({ alert }: { alert: Alert }) {
  const note = useComputed(() => marks.value.get(alert.id)).value;
  const verb = useComputed(() => pending.value.get(alert.id)).value;
  if (note) {
    return (
      <span class={`line row-line mark-${note.kind}`} data-testid={`row-${note.kind}`}>
        <span>{note.text}</span>
      </span>
    );
  }
  if (verb) {
    return (
      <span class="line row-line">
        <span>{t(verb === "acknowledge" ? "a.taking" : "a.sending")}</span>
      </span>
    );
  }
  return (
    <span class="line row-line">
      <span>
        {alert.purpose && <b class="drill-word">{t("s.drill")} · </b>}
        <SeverityWord alert={alert} /> · {standing(alert)}
        {partsOf(alert) > 1 && <> · {t("s.parts", { n: partsOf(alert) })}</>} ·{" "}
        <Age alert={alert} />
      </span>
      <Caption alert={alert} />
    </span>
  );
}

/** Who has it, and how far it is. */
export function standing(alert: Alert): string {
  if (alert.closing) return t("s.second");
  if (needsTaking(alert)) {
    const level = alert.level > 0 ? `${t("s.lvl", { n: alert.level })} ` : "";
    return `${level}${postName(alert.post)}`.trim() || t("s.open");
  }
  const owner = alert.owner?.name;
  const crew = alert.dispatches.findLast((sent) => !sent.declined_at)?.crew;
  const state = t(`state.${alert.state}`);
  if (alert.state === "acknowledged" && owner) return t("s.by", { name: owner });
  const unit = crew && alert.state !== "closed" ? `${crew} · ` : "";
  return owner ? `${owner} · ${unit}${state}` : state;
}

export function Age({ alert }: { alert: Alert }) {
  const text = useComputed(() => {
    const now = clock.countdownNow.value;
    return now === null ? "" : age((now - Date.parse(alert.reported_at)) / 1000);
  }).value;
  return <>{text && t("c.ago", { age: text })}</>;
}
