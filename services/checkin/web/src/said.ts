/** The one polite line for screen readers, and the short note that everybody sees. */

import { signal } from "@preact/signals";

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
