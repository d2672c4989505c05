/** A finger taps twice, and a camera sees the same code seven times a second. */

import { signal } from "@preact/signals";

/** The second tap of a double one comes within this. */
export const SECOND_TAP_MS = 500;

const underway = signal<ReadonlySet<string>>(new Set());

export function isUnderway(deed: string): boolean {
  return underway.value.has(deed);
}

/**
 * While a deed is being written down, the same deed is not begun again; nor for `rest` after it, where
 * another button comes in the place of the one that was tapped.
 */
export async function once(deed: string, act: () => Promise<unknown>, rest = 0): Promise<void> {
  if (underway.peek().has(deed)) return;
  underway.value = new Set([...underway.peek(), deed]);
  try {
    await act();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest));
  } finally {
    underway.value = new Set([...underway.peek()].filter((one) => one !== deed));
  }
}
