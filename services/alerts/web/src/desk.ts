/** What the operator is doing: the selected row, the open dialog, the middle table. */

import { effect, signal } from "@preact/signals";
import { actionsFor, pendingCrew } from "./actions";
import { type Details, perform } from "./commands";
import type { Verb } from "./contract";
import { loadCrews } from "./live";
import { isInert } from "./marks";
import { selected, selectedId, session, urgent } from "./state";
import { shownIds, showNow } from "./stillness";

export type Dialog = "dispatch" | "resolve" | "reopen" | "keys";

export const dialog = signal<Dialog | null>(null);
export const middle = signal<"sites" | "areas">("sites");
export const district = signal<string | null>(null);
const PATIENCE_MS = 1_000;
export const NOTE_FIELD = "note-field";
export const LIST = "queue-list";

// A dialog about an alert cannot outlive it.
effect(() => {
  if (selected.value === null && dialog.peek() !== "keys") dialog.value = null;
});

export function rowId(id: string): string {
  return `row-${id}`;
}

export function select(id: string): void {
  selectedId.value = id;
}

/** Brings the arrangement up to date. A row that moves loses the focus, so it is given back. */
export function showNew(): void {
  showNow();
  backToQueue(false);
}

/** Selects and focuses a row; the arrangement is brought up to date if it has none yet. */
export function goTo(id: string): void {
  if (!shownIds.peek().includes(id)) showNow();
  select(id);
  requestAnimationFrame(() => document.getElementById(rowId(id))?.focus());
}

export function goToUrgent(): void {
  const id = urgent.peek()?.id;
  if (id) goTo(id);
}

/** The row before (-1) or after (1) the selected one. */
export function step(by: 1 | -1): void {
  const ids = shownIds.peek();
  const at = ids.indexOf(selectedId.peek() ?? "");
  const next = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by))];
  if (next) goTo(next);
}

/** To the selected row; without one to the list, or, where `choose`, to its first row. */
export function backToQueue(choose = true): void {
  const id = selectedId.peek() ?? (choose ? shownIds.peek()[0] : undefined);
  if (id) goTo(id);
  else document.getElementById(LIST)?.focus();
}

/** A letter or a button: does it at once, or opens what has to be asked first. */
export function act(verb: Verb): void {
  const alert = selected.peek();
  if (alert === null || isInert(alert.id)) return;
  const action = actionsFor(alert, session.peek()).find((candidate) => candidate.verb === verb);
  if (!action?.enabled) return;
  switch (verb) {
    case "acknowledge":
      void perform(alert, verb);
      break;
    case "arrive":
      void perform(alert, verb, crewDetails(pendingCrew(alert)));
      break;
    case "close":
      void perform(alert, verb, outcomeDetails(alert.closing?.outcome ?? alert.outcome));
      break;
    case "note":
      document.getElementById(NOTE_FIELD)?.focus();
      break;
    case "dispatch":
      void openDispatch();
      break;
    case "resolve":
    case "reopen":
      dialog.value = verb;
  }
}

function crewDetails(crew: string | null): Details {
  return crew === null ? {} : { crew };
}

function outcomeDetails(outcome: string | null): Details {
  return outcome === null ? {} : { outcome };
}

/** With the newest positions, but not waiting long for them: the list then stays as it is. */
async function openDispatch(): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([loadCrews(), patience]);
  if (selected.peek() !== null) dialog.value ??= "dispatch";
}

export function toggleMiddle(): void {
  middle.value = middle.peek() === "sites" ? "areas" : "sites";
  district.value = null;
}
