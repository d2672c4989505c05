/** Which actions an alert allows, and which one it waits for. Pure but for the words. */

import type { Alert, Session, Verb } from "./contract";
import type { Key } from "./language";
import { needsTaking } from "./order";

export interface Action {
  verb: Verb;
  letter: string;
  label: Key;
  enabled: boolean;
  /** The step that the alert waits for. */
  next: boolean;
  /** The crew that it is about, where it could be another one. */
  crew?: string | undefined;
}

const COMMANDING = ["operator", "supervisor", "commander"];
const SECOND_ROLE = "commander";
const OVER = ["resolved", "closed"];

/**
 * The grid, always in the same places; `now` is the server's time. Who may only look has it too,
 * with nothing to press.
 */
export function actionsFor(alert: Alert, me: Session | null, now: number | null): Action[] {
  const may = mayCommand(me);
  const over = OVER.includes(alert.state);
  const next = nextVerb(alert);
  const pending = pendingCrews(alert);
  const several = pending.length > 1 ? pending[0] : undefined;
  const action = (verb: Verb, letter: string, label: Key, possible: boolean): Action => ({
    verb,
    letter,
    label,
    enabled: may && possible,
    next: verb === next,
  });
  return [
    action("acknowledge", "A", "a.take", needsTaking(alert)),
    action("dispatch", "B", "a.backup", !over),
    { ...action("arrive", "T", "a.arrive", !over && pending.length > 0), crew: several },
    action("resolve", "S", "a.resolve", !over && alert.state !== "raised"),
    action("close", "X", closeLabel(alert), alert.state === "resolved" && mayClose(alert, me)),
    action("note", "N", "a.note", true),
    action("merge", "G", "a.merge", alert.kind === "incident" && !over),
    mayRelease(alert, me, now)
      ? action("release", "R", "a.release", true)
      : action("reopen", "R", "a.reopen", over),
  ];
}

export function mayCommand(me: Session | null): boolean {
  return COMMANDING.includes(me?.role ?? "");
}

/** Whether I took it so short a time ago that it may have been the wrong one. */
export function mayRelease(alert: Alert, me: Session | null, now: number | null): boolean {
  const { state, owner, interrupted } = alert;
  if (state !== "acknowledged" || owner?.actor !== me?.actor || !interrupted) return false;
  return now !== null && now < Date.parse(interrupted.until);
}

/** Whether the phone said afterwards that the emergency was pressed by mistake. */
export function saidMistake(alert: Alert): boolean {
  return alert.kind === "duress" && alert.timeline.some((entry) => entry.what === "mistaken");
}

/** The crews that have neither come nor declined, in the order in which they were sent. */
export function pendingCrews(alert: Alert): string[] {
  return alert.dispatches.filter((d) => !d.arrived_at && !d.declined_at).map((d) => d.crew);
}

/** Whether a crew can be marked as arrived. */
export function mayArrive(alert: Alert, me: Session | null): boolean {
  return mayCommand(me) && !OVER.includes(alert.state);
}

export function needsTwoPersons(alert: Alert): boolean {
  return alert.severity === "kritis" || alert.kind === "duress";
}

function nextVerb(alert: Alert): Verb | null {
  if (needsTaking(alert)) return "acknowledge";
  switch (alert.state) {
    case "acknowledged":
      return "dispatch";
    case "dispatched":
      return pendingCrews(alert).length === 0 ? "resolve" : "arrive";
    case "arrived":
      return "resolve";
    case "resolved":
      return "close";
    default:
      return null;
  }
}

/** Whoever proposed it is not the second person, and that one is a commander. */
function mayClose({ closing }: Alert, me: Session | null): boolean {
  return closing === null || (closing.actor !== me?.actor && me?.role === SECOND_ROLE);
}

function closeLabel(alert: Alert): Key {
  if (!needsTwoPersons(alert)) return "a.close";
  return alert.closing === null ? "a.ask" : "a.agree";
}
