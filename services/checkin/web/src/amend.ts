/**
 * What was answered on a finished visit is put right by its check-out once more, which says what it
 * amends. The draft is stored on each change, like that of an open visit.
 */

import { signal } from "@preact/signals";
import { now } from "./clock";
import { drop, keep, kept } from "./database";
import { newId } from "./ids";
import { type Draft, write } from "./outbox";
import { checkOut, type Visit, visits } from "./visit";

/** The visit as it is to be after the correction. */
export const amended = signal<Visit | null>(null);

export async function loadAmended(): Promise<void> {
  amended.value = (await kept("amended")) ?? null;
}

/** What was typed before for the same visit is there again. */
export function beginAmending(visit: Visit): void {
  if (amended.value?.id !== visit.id) amended.value = visit;
}

export function changeAmended(changes: Partial<Visit>): void {
  if (!amended.value) return;
  amended.value = { ...amended.value, ...changes };
  void keep("amended", amended.value).catch(() => undefined);
}

export function dropAmended(): void {
  amended.value = null;
  void drop("amended").catch(console.warn);
}

/** Whether it would say anything else than what was said last. */
export function isChanged(draft: Visit): boolean {
  const last = visits.value.find((one) => one.id === draft.id);
  const said = ({ answers, guards, dialogue, advice, situation }: Visit) =>
    JSON.stringify([Object.entries(answers).sort(), guards, dialogue.trim(), advice, situation]);
  return last !== undefined && said(last) !== said(draft);
}

export async function sendAmended(): Promise<void> {
  const draft = amended.value;
  if (!draft?.finished) return;
  const changed: Visit = { ...draft, correctedAt: now() };
  await write([amendment(changed, draft.finished)], { finished: changed });
  visits.value = visits.value.map((one) => (one.id === changed.id ? changed : one));
  dropAmended();
}

/** Without a position: where the officer is now says nothing of the visit. */
function amendment(visit: Visit, first: NonNullable<Visit["finished"]>): Draft {
  const at = visit.correctedAt ?? now();
  const said = checkOut(visit, first);
  return {
    ...said,
    id: newId(at),
    at,
    data: { ...said.data, amends: first.id, position: undefined },
  };
}
