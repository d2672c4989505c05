/** What the operator is doing: the selected row, the open dialog, the middle table. */

import { effect, signal } from "@preact/signals";
import { opened, unfold } from "./arrangement";
import { actionsFor, mayCommand, pendingCrews } from "./actions";
import { now } from "./clock";
import { type Details, perform } from "./commands";
import type { Backup, Verb } from "./contract";
import { loadBackup, loadCrews } from "./live";
import { isInert } from "./marks";
import { onForget, selected, selectedId, session, urgent } from "./state";
import { shownIds, shownItems, showNow } from "./stillness";

/** The first ones are about the selected alert and close with it. */
const ABOUT_ALERT = ["dispatch", "resolve", "reopen", "release", "merge"] as const;
export type Dialog =
  | (typeof ABOUT_ALERT)[number]
  | "keys"
  | "journal"
  | "handover"
  | "report"
  | "performance"
  | "readiness"
  | "situation"
  | "task";
export type Middle = "map" | "areas" | "sites" | "tasks" | "units" | "checks";

export const dialog = signal<Dialog | null>(null);
export const middle = signal<Middle>("map");
/** The site whose panel is open in the middle. */
export const site = signal<string | null>(null);
/** The task whose dialog is open. */
export const task = signal<string | null>(null);
export const district = signal<string | null>(null);
/** What the service recommends for the alert whose backup is being sent. */
export const backup = signal<Backup | null>(null);
const ROUND: Middle[] = ["map", "areas", "sites"];
const PATIENCE_MS = 1_000;
export const NOTE_FIELD = "note-field";
export const LIST = "queue-list";
export const SEARCH_FIELD = "queue-search";

// A dialog about an alert cannot outlive it.
effect(() => {
  const about: readonly string[] = ABOUT_ALERT;
  if (selected.value === null && about.includes(dialog.peek() ?? "")) dialog.value = null;
});

onForget(() => {
  dialog.value = null;
  middle.value = "map";
  site.value = null;
  task.value = null;
  district.value = null;
  backup.value = null;
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

/** Gives each alert of a fold its own row. */
export function openFold(id: string): void {
  unfold(id, true);
  showNew();
}

/** → opens the selected fold, ← closes the one that was opened at this row. */
export function turnFold(open: boolean): void {
  const id = selectedId.peek();
  if (id === null) return;
  const item = shownItems.peek().find((each) => each.id === id);
  if (open && item && item.others.length > 0) openFold(id);
  if (!open && opened.peek().has(id)) {
    unfold(id, false);
    showNew();
  }
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
  const actions = actionsFor(alert, session.peek(), now.peek());
  const action = actions.find((candidate) => candidate.verb === verb);
  if (!action?.enabled) return;
  switch (verb) {
    case "acknowledge":
      void perform(alert, verb);
      break;
    case "arrive":
      void perform(alert, verb, crewDetails(pendingCrews(alert)[0]));
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
    case "release":
    case "merge":
      dialog.value = verb;
  }
}

function crewDetails(crew: string | undefined): Details {
  return crew === undefined ? {} : { crew };
}

function outcomeDetails(outcome: string | null): Details {
  return outcome === null ? {} : { outcome };
}

/** With the newest positions, but not waiting long for them: the list then stays as it is. */
async function openDispatch(): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const id = selectedId.peek() ?? "";
  backup.value = null;
  const asked = Promise.all([loadCrews(), loadBackup(id)]);
  const answer = await Promise.race([asked, patience.then(() => null)]);
  if (selected.peek()?.id !== id) return; // the operator has gone on to another one
  backup.value = answer?.[1] ?? null;
  dialog.value ??= "dispatch";
}

/** Who may only look takes no reports. */
export function openReport(): void {
  if (mayCommand(session.peek())) dialog.value = "report";
}

/** P goes round map, areas and sites. */
export function nextMiddle(): void {
  const at = ROUND.indexOf(middle.peek());
  showMiddle(ROUND[(at + 1) % ROUND.length] ?? "map");
}

export function showMiddle(name: Middle, inDistrict: string | null = null): void {
  middle.value = name;
  district.value = inDistrict;
}

export function showSite(id: string | null): void {
  site.value = id;
}

/** To the search, without losing the row. */
export function toSearch(): void {
  document.getElementById(SEARCH_FIELD)?.focus();
}
