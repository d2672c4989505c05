/** How full the phone is, as the browser sees it. */

import { signal } from "@preact/signals";

const LOOK_EVERY_MS = 5 * 60_000;
const FULL = 0.8;

/** Before events have to live in memory, there is time to make room. */
export const nearlyFull = signal(false);

export function watchStorage(): void {
  void look();
  setInterval(look, LOOK_EVERY_MS);
}

async function look(): Promise<void> {
  const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  nearlyFull.value = usage > quota * FULL;
}
