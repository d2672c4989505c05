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

const COMMANDING = ["operator", "supervisor", "commander"];
const OVER = ["resolved", "closed"];

/** The grid, always in the same places. Who may only look has it too, with nothing to press. */
export function actionsFor(alert: Alert, me: Session | null): Action[] {
  const may = mayCommand(me);
  const over = OVER.includes(alert.state);
  const proposedByMe = alert.closing !== null && alert.closing.actor === me?.actor;
  const next = nextVerb(alert);
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
    action("arrive", "T", "a.arrive", !over && pendingCrew(alert) !== null),
    action("resolve", "S", "a.resolve", !over && alert.state !== "raised"),
    action("close", "X", closeLabel(alert), alert.state === "resolved" && !proposedByMe),
    action("note", "N", "a.note", true),
    action("merge", "G", "a.merge", alert.kind !== "duress" && alert.state !== "closed"),
    action("reopen", "R", "a.reopen", over),
  ];
}

export function mayCommand(me: Session | null): boolean {
  return COMMANDING.includes(me?.role ?? "");
}

/** Whether the phone said afterwards that the emergency was pressed by mistake. */
export function saidMistake(alert: Alert): boolean {
  return alert.kind === "duress" && alert.timeline.some((entry) => entry.what === "mistaken");
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
