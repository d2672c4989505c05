import { countdownNow, freshness } from "./clock";
import type { Alert } from "./contract";
import { duration, postName } from "./format";
import { type Key, t } from "./language";
import { countdownStart } from "./order";

export type Stage = "plain" | "half" | "soon" | "over" | "frozen";

const SOON_S = 10;

interface Reading {
  stage: Stage;
  /** m:ss until the next step, or since it was due. */
  time: string;
  over: boolean;
}

/** What the countdown shows now; null where nothing is due or the server's time is not known. */
export function readingOf(alert: Alert): Reading | null {
  const now = countdownNow.value;
  if (alert.next_due_at === null || now === null) return null;
  const due = Date.parse(alert.next_due_at);
  const left = Math.ceil((due - now) / 1000);
  const over = left <= 0;
  const whole = (due - countdownStart(alert)) / 1000;
  let stage: Stage = over ? "over" : left <= SOON_S ? "soon" : left <= whole / 2 ? "half" : "plain";
  if (freshness.value === "lost") stage = "frozen";
  return { stage, time: duration(Math.abs(left)), over };
}

/** The whole sentence: what happens next, and when. */
export function sentence(alert: Alert): string {
  const reading = readingOf(alert);
  if (reading === null) return "";
  const values = { role: toldNext(alert), t: reading.time };
  if (reading.over) return t("s.over", values);
  switch (alert.next_due_kind) {
    case "ack_expiry":
      return t("s.expiry", values);
    case "close_lapse":
      return t("s.lapse", values);
    default:
      return t(climbing(alert, "s.climb", "s.repeat_call", "s.nobody"), values);
  }
}

/** A few words under the number in a row. */
export function Caption({ alert }: { alert: Alert }) {
  const words = caption(alert);
  // The key makes new words a new node, and not one that moved.
  return <small key={words}>{words}</small>;
}

function caption(alert: Alert): string {
  const reading = readingOf(alert);
  if (reading === null) return "";
  // The word stands here, because a wider number would push the row's title about.
  if (reading.over) return t("s.late");
  switch (alert.next_due_kind) {
    case "ack_expiry":
      return t("s.expires");
    case "close_lapse":
      return t("s.lapses");
    default:
      return t(climbing(alert, "s.to", "s.again", "s.unheard"), { role: toldNext(alert) });
  }
}

function toldNext(alert: Alert): string {
  return postName(alert.next_post || alert.post);
}

/** The last level has nobody above it and is told again; a chain may also reach nobody at all. */
function climbing(alert: Alert, up: Key, again: Key, nobody: Key): Key {
  if (toldNext(alert) === "") return nobody;
  return alert.next_post && alert.next_post !== alert.post ? up : again;
}

/** The number in a row. A reader hears it with the row, so that it interrupts nothing. */
export function Countdown({ alert }: { alert: Alert }) {
  const reading = readingOf(alert);
  if (reading === null) return null;
  return (
    <b
      class={`countdown stage-${reading.stage}`}
      data-testid="countdown"
      data-stage={reading.stage}
    >
      {reading.time}
    </b>
  );
}

export function CountdownSentence({ alert }: { alert: Alert }) {
  const stage = readingOf(alert)?.stage ?? "plain";
  return (
    <p class={`sentence stage-${stage}`} data-testid="countdown-sentence" role="timer">
      {sentence(alert)}
    </p>
  );
}
