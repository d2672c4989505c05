/** Which section an alert belongs to, and who stands before whom. Pure. */

import type { Alert, Severity } from "./contract";
import type { Item } from "./fold";

export const sections = ["new", "work", "wait"] as const;
export type Section = (typeof sections)[number];
export type Arrangement = Readonly<Record<Section, readonly Item[]>>;

export const nothing: Arrangement = { new: [], work: [], wait: [] };

const RANK: Record<Severity, number> = { kritis: 0, tinggi: 1, sedang: 2, rendah: 3 };
/** Entries of the story after which the time to the next level starts anew. */
const CLIMBS = [
  "raised",
  "escalated",
  "repeated",
  "nobody_reachable",
  "ack_expired",
  "reopened",
];
/** The same of any next step. */
const STEPS = [...CLIMBS, "acknowledged", "dispatched", "arrived", "close_proposed"];

/** What climbs wants a name, whatever else has been done about it. */
export function needsTaking(alert: Alert): boolean {
  if (alert.state === "closed" || alert.state === "resolved") return false;
  return alert.state === "raised" || alert.next_due_kind === "climb";
}

/** What is heard until it is taken, and read before the watch is. */
export function isGrave(alert: Alert): boolean {
  return alert.kind === "duress" || alert.severity === "kritis" || alert.severity === "tinggi";
}

export function sectionOf(alert: Alert): Section {
  if (needsTaking(alert)) return "new";
  return alert.state === "resolved" || alert.closing !== null ? "wait" : "work";
}

/** Duress, severity, fixed deadline, first report; the id decides between equals. */
export function compare(a: Alert, b: Alert): number {
  return (
    Number(b.kind === "duress") - Number(a.kind === "duress") ||
    RANK[a.severity] - RANK[b.severity] ||
    deadline(a) - deadline(b) ||
    Date.parse(a.reported_at) - Date.parse(b.reported_at) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** The sections in order; `fold` makes rows of the alerts of one of them. */
export function arrange(
  open: readonly Alert[],
  fold: (alerts: readonly Alert[]) => readonly Item[],
): Arrangement {
  const sorted = [...open].sort(compare);
  const items = (section: Section) => fold(sorted.filter((a) => sectionOf(a) === section));
  return { new: items("new"), work: items("work"), wait: items("wait") };
}

/** How many alerts a section's rows stand for. */
export function alertsIn(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + 1 + item.others.length, 0);
}

export function mostUrgent(open: readonly Alert[]): Alert | null {
  return open.filter(needsTaking).sort(compare)[0] ?? null;
}

/**
 * When the present countdown began, in ms: the whole of which the rest is a part. A take that was
 * given back has not begun the climb anew.
 */
export function countdownStart(alert: Alert): number {
  const restarts = alert.next_due_kind === "climb" ? CLIMBS : STEPS;
  const last = alert.timeline.findLast((entry) => restarts.includes(entry.what));
  return Date.parse(last?.at ?? alert.raised_at);
}

function deadline(alert: Alert): number {
  return alert.next_due_at === null ? Infinity : Date.parse(alert.next_due_at);
}
