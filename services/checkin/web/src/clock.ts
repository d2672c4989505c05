/**
 * The server's time: this phone's clock, corrected by what the server's answers say.
 *
 * `Date` is good to a second, so a small difference is no difference. Each event remembers the
 * correction that it was stamped with; `Ronda-Sent-At` is by the same clock, so that the server
 * sees how far that clock was off.
 */

import { signal } from "@preact/signals";
import { keep, kept } from "./database";

const TOLERANCE_MS = 2_000;
const TICK_MS = 1_000;

/** Milliseconds to add to this phone's clock. */
export const correction = signal(0);
/** Corrected milliseconds since the epoch, once a second. */
export const seconds = signal(Date.now());

export function now(): number {
  return Date.now() + correction.value;
}

export async function startClock(): Promise<void> {
  correction.value = (await kept("correction")) ?? 0;
  const tick = () => (seconds.value = Math.floor(now() / TICK_MS) * TICK_MS);
  tick();
  setInterval(tick, TICK_MS);
}

/** `now` of an answer, exact to the millisecond; `askedAt` by this phone's clock. */
export function heardNow(text: string | undefined, askedAt: number): void {
  correct(Date.parse(text ?? ""), 0, askedAt);
}

/** The header `Date` of an answer, whose fraction of the second is cut off. */
export function heardDate(text: string | null, askedAt: number): void {
  correct(Date.parse(text ?? ""), 1_000, askedAt);
}

/**
 * The server said it somewhere between the question and now: a long poll lasts half a minute. The
 * correction stays while it can be true; else the way back is taken to be short.
 */
function correct(said: number, cutOff: number, askedAt: number): void {
  if (Number.isNaN(said)) return;
  const least = said - Date.now() - TOLERANCE_MS;
  const most = said + cutOff - askedAt + TOLERANCE_MS;
  if (least <= correction.value && correction.value <= most) return;
  const measured = Math.round(said + cutOff / 2 - Date.now());
  correction.value = least <= 0 && 0 <= most ? 0 : measured;
  // A full phone learns it again from the next answer.
  void keep("correction", correction.value).catch(() => undefined);
}

/** RFC 3339 in UTC. */
export function written(moment: number): string {
  return new Date(moment).toISOString();
}
