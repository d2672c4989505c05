/** The keyboard: letters act on the selected alert, and only outside fields and dialogs. */

import * as desk from "./desk";
import { act, backToQueue, dialog, goToUrgent, showNew, step } from "./desk";
import { filterOpen } from "./filter";
import { letters } from "./language";
import { silence } from "./siren/watch";

const LETTERS: Record<string, () => void> = {
  a: () => act("acknowledge"),
  b: () => act("dispatch"),
  t: () => act("arrive"),
  s: () => act("resolve"),
  x: () => act("close"),
  n: () => act("note"),
  // Only one of the two stands in the grid.
  r: () => {
    act("release");
    act("reopen");
  },
  j: () => step(1),
  k: () => step(-1),
  u: goToUrgent,
  g: () => act("merge"),
  p: desk.nextMiddle,
  l: desk.openReport,
  m: silence,
  f: () => (filterOpen.value = !filterOpen.peek()),
  "/": desk.toSearch,
  "?": () => (dialog.value = "keys"),
};

/** Only these may be held down. */
const MOVES = new Set(["j", "k"]);

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  if (dialog.peek() !== null) return;
  const target = event.target as HTMLElement;
  const inField = target.matches("input, textarea, select");
  if (event.key === "Escape") return done(event, () => backToQueue());
  if (inField) return;
  const inQueue = target === document.body || target.closest("[data-queue]") !== null;
  const onRow = target.matches("[role=option]");
  if (inQueue && event.key === "ArrowDown") return done(event, () => step(1));
  if (inQueue && event.key === "ArrowUp") return done(event, () => step(-1));
  if (onRow && event.key === "ArrowRight") return done(event, () => desk.turnFold(true));
  if (onRow && event.key === "ArrowLeft") return done(event, () => desk.turnFold(false));
  if (onRow && event.key === "Enter") return done(event, toActions);
  if (onRow && event.key === " ") return done(event, showNew);
  const letter = event.key.toLowerCase();
  const doThis = letters.peek() ? LETTERS[letter] : undefined;
  if (doThis && (!event.repeat || MOVES.has(letter))) done(event, doThis);
}

function done(event: KeyboardEvent, action: () => void): void {
  event.preventDefault();
  action();
}

function toActions(): void {
  const grid = document.querySelector<HTMLElement>("[data-actions]");
  const button =
    grid?.querySelector<HTMLElement>("[data-next][aria-disabled=false]") ??
    grid?.querySelector<HTMLElement>("[aria-disabled=false]");
  button?.focus();
}
