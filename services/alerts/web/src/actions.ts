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
}

const HANDLED = ["acknowledged", "dispatched", "arrived"];

/** The grid, always in the same places. */
export function actionsFor(alert: Alert, me: Session | null): Action[] {
  const taking = needsTaking(alert);
  const handled = HANDLED.includes(alert.state);
  const resolved = alert.state === "resolved";
  const under = pendingCrew(alert) !== null;
  const next = nextVerb(alert);
  const action = (verb: Verb, letter: string, label: Key, enabled: boolean): Action => ({
    verb,
    letter,
    label,
    enabled,
    next: verb === next,
  });
  return [
    action("acknowledge", "A", "a.take", taking),
    action("dispatch", "B", "a.backup", handled),
    action("arrive", "T", "a.arrive", handled && under),
    action("resolve", "S", "a.resolve", handled),
    action("close", "X", closeLabel(alert), resolved && alert.closing?.actor !== me?.actor),
    action("note", "N", "a.note", true),
    action("reopen", "R", "a.reopen", alert.state !== "raised"),
  ];
}

/** The crew that was sent first and has neither come nor declined. */
export function pendingCrew(alert: Alert): string | null {
  return alert.dispatches.find((d) => !d.arrived_at && !d.declined_at)?.crew ?? null;
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
      return pendingCrew(alert) === null ? "resolve" : "arrive";
    case "arrived":
      return "resolve";
    case "resolved":
      return "close";
    default:
      return null;
  }
}

function closeLabel(alert: Alert): Key {
  if (!needsTwoPersons(alert)) return "a.close";
  return alert.closing === null ? "a.ask" : "a.agree";
}
