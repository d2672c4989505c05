import { useSignal } from "@preact/signals";
import type { Alert, Dispatch, Entry, Part } from "./contract";
import { age, categoryName, clockTime, postName } from "./format";
import { t, tIfKnown, tOr } from "./language";

/** The crews that were sent, and how far each one is. */
export function Dispatches({ alert }: { alert: Alert }) {
  if (alert.dispatches.length === 0) return null;
  return (
    <ul class="dispatches" data-testid="dispatches">
      {alert.dispatches.map((sent) => (
        <li key={`${sent.crew} ${sent.at}`}>
          <b>{sent.crew}</b> <span>{progress(sent)}</span>
        </li>
      ))}
    </ul>
  );
}

function progress(sent: Dispatch): string {
  if (sent.arrived_at) return t("u.there", { time: clockTime(sent.arrived_at) });
  if (sent.declined_at) return t("u.declined", { time: clockTime(sent.declined_at) });
  if (sent.en_route_at) return t("u.going", { time: clockTime(sent.en_route_at) });
  if (sent.accepted_at) return t("u.accepted", { time: clockTime(sent.accepted_at) });
  return t("u.sent", { time: clockTime(sent.at) });
}

export function Story({ alert }: { alert: Alert }) {
  const tab = useSignal<"time" | "reports">("time");
  const tabButton = (name: "time" | "reports", label: string) => (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={tab.value === name}
      aria-controls="story-panel"
      onClick={() => (tab.value = name)}
      data-testid={`tab-${name}`}
    >
      {label}
    </button>
  );
  return (
    <div class="story">
      <div class="tabs" role="tablist" aria-label={t("r.time")}>
        {tabButton("time", t("r.time"))}
        {tabButton("reports", t("r.reports", { n: alert.parts.length }))}
      </div>
      <div
        class="story-panel"
        role="tabpanel"
        id="story-panel"
        aria-labelledby={`tab-${tab.value}`}
        tabIndex={0}
      >
        {tab.value === "time" ? <Timeline alert={alert} /> : <Reports alert={alert} />}
      </div>
    </div>
  );
}

/** Newest first: what just happened is what the operator looks for. */
function Timeline({ alert }: { alert: Alert }) {
  return (
    <ol class="timeline" data-testid="timeline">
      {alert.timeline.toReversed().map((entry, index) => (
        <li key={alert.timeline.length - index}>
          <time dateTime={entry.at}>{clockTime(entry.at)}</time>
          <span>
            <b>{tIfKnown("e", entry.what)}</b>
            <EntryWords entry={entry} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function EntryWords({ entry }: { entry: Entry }) {
  // Who did it says more than the level at which it was done.
  const level = entry.level && !entry.by ? t("s.level", { n: entry.level }) : "";
  const words = [level, postName(entry.by ?? null)].filter(Boolean).join(" · ");
  return (
    <>
      {words && <> · {words}</>}
      {entry.note && <q>{tOr("o", entry.note, entry.note)}</q>}
    </>
  );
}

function Reports({ alert }: { alert: Alert }) {
  if (alert.parts.length === 0) return <p class="quiet">{t("r.none")}</p>;
  return (
    <ol class="parts" data-testid="parts">
      {alert.parts.map((part) => (
        <ReportPart key={part.event} part={part} />
      ))}
    </ol>
  );
}

/** A report with both its clocks, and how late it came. */
function ReportPart({ part }: { part: Part }) {
  return (
    <li>
      <p class="clocks">
        <time dateTime={part.time}>{t("r.phone", { time: clockTime(part.time) })}</time>
        <time dateTime={part.received_at}>
          {t("r.server", { time: clockTime(part.received_at) })}
        </time>
        {part.late_s ? <b class="late">{t("r.late", { age: age(part.late_s) })}</b> : null}
      </p>
      <p>
        <b>{categoryName(part.category)}</b>
        {part.actor && <> · {part.actor}</>}
        {part.device && <small> · {part.device}</small>}
      </p>
      {part.text && <q>{part.text}</q>}
    </li>
  );
}
