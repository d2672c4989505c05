/** The one polite line for screen readers, and the short note that everybody sees. */

import { signal } from "@preact/signals";
import { t } from "./language";
import { unstored } from "./outbox";

const SHOWN_MS = 4_000;

export const said = signal("");
export const note = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Says it for a moment; the queue has it for good. */
export function say(text: string): void {
  said.value = text;
  note.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (note.value = ""), SHOWN_MS);
}

/** That something was written down, as far as it is true. */
export function sayWritten(): void {
  say(t(unstored.value ? "q.unstored" : "q.saved"));
}
