/**
 * Rows never move under a pointer or the focus. While either is in the queue, and 2 s after, the
 * arrangement that is shown stays; new rows wait, changed rows show their new state where they are.
 */

import { computed, effect, signal } from "@preact/signals";
import { order } from "./arrangement";
import { flood } from "./flood";
import type { Item } from "./fold";
import { type Arrangement, nothing, sections } from "./order";

const AFTER_MS = 2_000;

const pointer = signal(false);
const focus = signal(false);
const lingering = signal(false);
let timer: ReturnType<typeof setTimeout> | undefined;

export const held = computed(() => pointer.value || focus.value || lingering.value);
export const shown = signal<Arrangement>(nothing);
/** Whether the rows that are shown are the low ones of a flood. */
export const dense = signal(false);
export const shownItems = computed(() => sections.flatMap((section) => shown.value[section]));
export const shownIds = computed(() => shownItems.value.map((item) => item.id));

/** Alerts that have no row yet. */
export const waiting = computed(() => {
  const rows = new Set(shownItems.value.flatMap(members));
  return sections
    .flatMap((section) => order.value[section].flatMap(members))
    .filter((id) => !rows.has(id));
});

/** Whether rows would move if they might. */
export const moved = computed(() =>
  sections.some((section) => written(order.value[section]) !== written(shown.value[section])),
);

effect(() => {
  const next = order.value;
  const low = flood.value;
  // Where there are no rows yet, nothing can move.
  if (held.value && shownIds.peek().length > 0) return;
  shown.value = next;
  dense.value = low;
});

export function showNow(): void {
  shown.value = order.peek();
  dense.value = flood.peek();
}

function members(item: Item): string[] {
  return [item.id, ...item.others];
}

function written(items: readonly Item[]): string {
  return items.map((item) => members(item).join("+")).join();
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
