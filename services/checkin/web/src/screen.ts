/** Which screen is open. It stands in the address, so that the phone's own back key works. */

import { computed, signal } from "@preact/signals";

const SCREENS = [
  "tasks",
  "scan",
  "visit",
  "report",
  "queue",
  "activity",
  "correct",
  "duty",
  "item",
] as const;
export type Screen = (typeof SCREENS)[number];

const hash = signal(location.hash);
for (const event of ["hashchange", "popstate"]) {
  addEventListener(event, () => (hash.value = location.hash));
}

const parts = computed(() => hash.value.replace(/^#/, "").split("/"));

export const screen = computed<Screen>(() => {
  return SCREENS.find((one) => one === parts.value[0]) ?? "tasks";
});

/** What the screen is about, where it needs to know: a site, a visit, an event. */
export const about = computed(() => decodeURIComponent(parts.value[1] ?? ""));

export function go(to: Screen, what = ""): void {
  show(to, what, (state, address) => history.pushState(state, "", address));
}

/** In place of the screen that is left: there is no way back into it. */
export function replace(to: Screen, what = ""): void {
  show(to, what, (_, address) => history.replaceState(history.state, "", address));
}

/** Back to the screen before, or to the tasks where the app was opened here. */
export function leave(): void {
  if ((history.state as { inside?: boolean } | null)?.inside) history.back();
  else replace("tasks");
}

function show(to: Screen, what: string, put: (state: unknown, address: string) => void): void {
  put({ inside: true }, `#${to}${what ? `/${encodeURIComponent(what)}` : ""}`);
  hash.value = location.hash;
  scrollTo(0, 0);
}
