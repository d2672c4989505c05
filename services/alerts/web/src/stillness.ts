/**
 * Rows never move under a pointer or the focus. While either is in the queue, and 2 s after, the
 * arrangement that is shown stays; new rows wait, changed rows show their new state where they are.
 */

import { computed, effect, signal } from "@preact/signals";
import { type Arrangement, nothing, sections } from "./order";
import { order } from "./state";

const AFTER_MS = 2_000;

const pointer = signal(false);
const focus = signal(false);
const lingering = signal(false);
let timer: ReturnType<typeof setTimeout> | undefined;

export const held = computed(() => pointer.value || focus.value || lingering.value);
export const shown = signal<Arrangement>(nothing);
export const shownIds = computed(() => sections.flatMap((section) => shown.value[section]));

/** Alerts that have no row yet. */
export const waiting = computed(() => {
  const rows = new Set(shownIds.value);
  return sections.flatMap((section) => order.value[section]).filter((id) => !rows.has(id));
});

/** Whether rows would move if they might. */
export const moved = computed(() =>
  sections.some((section) => order.value[section].join() !== shown.value[section].join()),
);

effect(() => {
  const next = order.value;
  // Where there are no rows yet, nothing can move.
  if (!held.value || shownIds.peek().length === 0) shown.value = next;
});

export function showNow(): void {
  shown.value = order.peek();
}

export function pointerIn(inside: boolean): void {
  if (!inside) linger(); // before the pointer is let go: nothing moves in between
  pointer.value = inside;
}

export function focusIn(inside: boolean): void {
  if (!inside) linger();
  focus.value = inside;
}

function linger(): void {
  lingering.value = true;
  clearTimeout(timer);
  timer = setTimeout(() => (lingering.value = false), AFTER_MS);
}
