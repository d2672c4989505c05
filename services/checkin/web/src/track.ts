/** The crew's track while it is on duty: a point when it moved, or once in a while. Never else. */

import { now } from "./clock";
import { duty } from "./duty";
import { metresBetween } from "./format";
import { write } from "./outbox";
import { asData, type Fix, fix, isFresh } from "./position";

const LOOK_EVERY_MS = 15_000;
const MOVED_M = 40;
const MOST_EVERY_MS = 30_000;
const LEAST_EVERY_MS = 300_000;

let last: Fix | null = null;

export function startTracking(): void {
  setInterval(() => void look(), LOOK_EVERY_MS);
}

async function look(): Promise<void> {
  const here = fix.value;
  if (!duty.value || !here || !isFresh(here) || here.at === last?.at) return;
  const since = last ? now() - last.at : Infinity;
  const moved = last ? metresBetween(last, here) : Infinity;
  if (since < MOST_EVERY_MS || (moved < MOVED_M && since < LEAST_EVERY_MS)) return;
  last = here;
  const data = { position: asData(here), crew: duty.value.crew };
  // A track with a hole is no harm; a report comes before it on a full phone.
  await write([{ type: "ronda.position.recorded.v1", data, at: here.at }]).catch(() => undefined);
}
