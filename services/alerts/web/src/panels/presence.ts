/** What a person should look at again: doubtful presences, and phones whose events are missing. */

import { computed, signal } from "@preact/signals";
import { read } from "../api";
import * as clock from "../clock";
import type { Reason } from "../contract";

const DAY_MS = 86_400_000;

/** A doubt about what arrived; it names no person, and the visit stands as it stood. */
export interface Doubt {
  id: string;
  kind: "speed" | "shared_code" | "replayed_code" | "flagged";
  device: string;
  devices: string[];
  site: string | null;
  site_name: string | null;
  unit: string;
  time: string;
  noticed_at: string;
  reasons: Reason[];
}

/** Events of one phone that have not come yet. */
export interface Gap {
  device: string;
  unit: string;
  missing: number;
  since: string;
}

export interface Presence {
  doubts: Doubt[];
  gaps: Gap[];
  next: string | null;
}

const NOTHING: Presence = { doubts: [], gaps: [], next: null };

/** The newest page. */
export const presence = signal<Presence>(NOTHING);

/** What wants a look today: the doubts of the last day, and every open gap. */
export const toCheck = computed(() => {
  const since = (clock.hour.value ?? 0) - DAY_MS;
  const fresh = presence.value.doubts.filter((each) => Date.parse(each.noticed_at) > since);
  return fresh.length + presence.value.gaps.length;
});

export function takePresence(newest: Presence): void {
  presence.value = newest;
}

export function forgetPresence(): void {
  presence.value = NOTHING;
}

export function older(after: string): Promise<Presence> {
  return read<Presence>(`/v1/presence?after=${encodeURIComponent(after)}`);
}
