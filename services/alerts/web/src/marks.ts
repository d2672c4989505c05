/** Passing marks on rows: a lost race, an answer that has not come, a change while we were away. */

import { signal } from "@preact/signals";
import type { Verb } from "./contract";
import { onForget } from "./state";

const CONFLICT_MS = 5_000;
const NOTICE_MS = 8_000;
const CHANGED_MS = 10_000;
const UNDO_MS = 10_000;
/** A button that a remote event has just relabelled must not be hit by a hand already moving. */
const INERT_MS = 400;

export interface Mark {
  kind: "conflict" | "unsure" | "refused" | "waiting";
  text: string;
}

export const marks = signal<ReadonlyMap<string, Mark>>(new Map());
export const pending = signal<ReadonlyMap<string, Verb>>(new Map());
export const changed = signal<ReadonlySet<string>>(new Set());
const relabelled = new Set<string>();

onForget(() => {
  marks.value = new Map();
  changed.value = new Set();
  undoable.value = null;
});

/** Shows a mark; it leaves by itself unless it says that an answer is awaited. */
export function mark(id: string, value: Mark): void {
  marks.value = new Map(marks.peek()).set(id, value);
  if (value.kind === "unsure") return;
  setTimeout(
    () => {
      if (marks.peek().get(id) === value) unmark(id);
    },
    value.kind === "conflict" ? CONFLICT_MS : NOTICE_MS,
  );
}

export function unmark(id: string): void {
  if (!marks.peek().has(id)) return;
  const next = new Map(marks.peek());
  next.delete(id);
  marks.value = next;
}

/** The alert whose merge or split may be taken back with one press, for ten seconds. */
export const undoable = signal<string | null>(null);
let undoTimer: ReturnType<typeof setTimeout> | undefined;

export function offerUndo(id: string): void {
  undoable.value = id;
  clearTimeout(undoTimer);
  undoTimer = setTimeout(() => (undoable.value = null), UNDO_MS);
}

export function setPending(id: string, verb: Verb | null): void {
  const next = new Map(pending.peek());
  if (verb === null) next.delete(id);
  else next.set(id, verb);
  pending.value = next;
}

export function markChanged(ids: readonly string[]): void {
  if (ids.length === 0) return;
  changed.value = new Set(ids);
  setTimeout(() => (changed.value = new Set()), CHANGED_MS);
}

export function noteRemoteChange(id: string): void {
  if (pending.peek().has(id)) return; // our own command coming back
  relabelled.add(id);
  setTimeout(() => relabelled.delete(id), INERT_MS);
}

export function isInert(id: string): boolean {
  return relabelled.has(id);
}
