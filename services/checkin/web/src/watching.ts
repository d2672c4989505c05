/** When the phone looks where it is: on duty, on a screen that needs it, and in danger. Never else. */

import { computed, effect } from "@preact/signals";
import { following, touched } from "./duress";
import { duty } from "./duty";
import { isAllowed, stopWatching, watchPosition } from "./position";
import { type Screen, screen } from "./screen";

const NEEDED_ON = new Set<Screen>(["scan", "report"]);

const openly = computed(() => duty.value !== null || NEEDED_ON.has(screen.value));
const silently = computed(() => following.value || touched.value);

export function startWatching(): void {
  effect(() => {
    if (openly.value) watchPosition();
    else if (silently.value) void watchInSilence();
    else stopWatching();
  });
}

/** The browser's question would show that the button was held. */
async function watchInSilence(): Promise<void> {
  const allowed = await isAllowed();
  if (allowed && silently.peek()) watchPosition();
}
