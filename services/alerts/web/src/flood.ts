/** Flood mode: from 10 new alerts in 10 minutes per operator who is there, until they are under 5. */

import { computed, effect, signal } from "@preact/signals";
import * as clock from "./clock";
import { alerts } from "./state";

const WINDOW_MS = 600_000;
const BEGINS = 10;
const ENDS = 5;

/** Alerts raised in the last ten minutes; the band at the foot says it too. */
export const recent = computed(() => {
  const now = clock.countdownNow.value;
  if (now === null) return 0;
  let count = 0;
  for (const alert of alerts.value.values()) {
    if (now - Date.parse(alert.raised_at) <= WINDOW_MS) count += 1;
  }
  return count;
});

export const flood = signal(false);
/** Ended by hand: it begins again only after it would have ended by itself. */
const dismissed = signal(false);

effect(() => {
  // Two share what is too much for one. Nobody is known to be there until the service says so.
  const present = Math.max(1, clock.operators.value);
  if (recent.value < ENDS * present) {
    flood.value = false;
    dismissed.value = false;
  } else if (recent.value >= BEGINS * present && !dismissed.value) {
    flood.value = true;
  }
});

export function endFlood(): void {
  dismissed.value = true;
  flood.value = false;
}
