import { useSignal } from "@preact/signals";
import { Away } from "./Away";
import * as clock from "./clock";
import type { Alert, Dispatch, Entry, Part } from "./contract";
import { mayArrive, mayCommand, pendingCrews } from "./actions";
import { perform } from "./commands";
import { age, categoryName, clockTime, postName } from "./format";
import { t, tIfKnown, tOr } from "./language";
import { pending } from "./marks";
import { Calls } from "./panels/Calls";
import { Proof } from "./Proof";
import { photoOf } from "./records";
import { session } from "./state";

/** The crews that were sent, and how far each one is. */
export function Dispatches({ alert }: { alert: Alert }) {
  if (alert.dispatches.length === 0) return null;
  const onTheirWay = mayArrive(alert, session.value) ? pendingCrews(alert) : [];
  return (
    <ul class="dispatches" data-testid="dispatches">
      {alert.dispatches.map((sent) => (
        <li key={`${sent.crew} ${sent.at}`}>
          <b>{sent.crew}</b> <span>{progress(sent)}</span>
          {onTheirWay.length > 1 && onTheirWay.includes(sent.crew) && (
            <Arrived alert={alert} crew={sent.crew} />
          )}
        </li>
      ))}
    </ul>
  );
}

/** The key T marks the crew that was sent first; where several are on their way, any may come. */
function Arrived({ alert, crew }: { alert: Alert; crew: string }) {
  return (
    <button
      type="button"
      class="plain"
      aria-disabled={pending.value.has(alert.id)}
      onClick={() => void perform(alert, "arrive", { crew })}
      data-testid="arrived"
      data-crew={crew}
    >
      {t("a.arrive")}
      <span class="unseen"> {crew}</span>
    </button>
  );
}

function progress(sent: Dispatch): string {
  if (sent.arrived_at) return t("u.there", { time: clockTime(sent.arrived_at) });
  if (sent.declined_at) return t("u.declined", { time: clockTime(sent.declined_at) });
  if (sent.en_route_at) return t("u.going", { time: clockTime(sent.en_route_at) });
  if (sent.accepted_at) return t("u.accepted", { time: clockTime(sent.accepted_at) });
  return t("u.sent", { time: clockTime(sent.at) });
}

type Tab = "time" | "reports" | "proof";

export function Story({ alert }: { alert: Alert }) {
  const tab = useSignal<Tab>("time");
  const tabButton = (name: Tab, label: string) => (
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
        {tabButton("reports", t("r.reports", { n: partsOf(alert) }))}
        {tabButton("proof", t("r.proof"))}
      </div>
      <div
        class="story-panel"
        role="tabpanel"
        id="story-panel"
        aria-labelledby={`tab-${tab.value}`}
        tabIndex={0}
      >
        {tab.value === "time" && (
          <>
            <Timeline alert={alert} />
            <Calls alert={alert.id} version={alert.version} />
          </>
        )}
        {tab.value === "reports" && <Reports alert={alert} />}
        {tab.value === "proof" && <Proof alert={alert} />}
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
          <time dateTime={entry.at}>{clockTime(entry.at, clock.hour.value)}</time>
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

/** All its reports, also those between the first and the newest ones that are shown. */
export function partsOf(alert: Alert): number {
  return alert.parts.length + (alert.parts_more ?? 0);
}

function Reports({ alert }: { alert: Alert }) {
  if (alert.parts.length === 0) return <p class="quiet">{t("r.none")}</p>;
  const many = alert.parts.length > 1 && mayCommand(session.value);
  return (
    <>
      <ol class="parts" data-testid="parts">
        {alert.parts.map((part) => (
          <ReportPart key={part.event} part={part} alert={many ? alert : null} />
        ))}
      </ol>
      {alert.parts_more ? <p class="quiet">{t("r.more", { n: alert.parts_more })}</p> : null}
    </>
  );
}

/** A report with both its clocks, and how late it came. */
function ReportPart({ part, alert }: { part: Part; alert: Alert | null }) {
  return (
    <li>
      <p class="clocks">
        <time dateTime={part.time}>{t("r.phone", { time: clockTime(part.time, clock.hour.value) })}</time>
        <time dateTime={part.received_at}>
          {t("r.server", { time: clockTime(part.received_at, clock.hour.value) })}
        </time>
        {part.late_s ? <b class="late">{t("r.late", { age: age(part.late_s) })}</b> : null}
      </p>
      <p>
        <b>{categoryName(part.category)}</b>
        {part.actor && <> · {part.actor}</>}
        {part.device && <small> · {part.device}</small>}
        {part.crowd_level && <small> · {tIfKnown("crowd", part.crowd_level)}</small>}
      </p>
      {part.text && <q>{part.text}</q>}
      {part.media?.map((hash) => (
        <p key={hash} class="hash">
          <Away href={photoOf(hash)}>
            {t("r.photo")} <code>{hash}</code>
          </Away>
        </p>
      ))}
      {alert && (
        <button
          type="button"
          class="plain"
          onClick={() => void perform(alert, "split", { parts: [part.event] })}
          data-testid="split"
        >
          {t("a.split")}
        </button>
      )}
    </li>
  );
}
