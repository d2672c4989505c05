/**
 * The server's time, by the monotonic clock: the wall clock of this computer may be wrong.
 *
 * A late clock message can only make the server seem earlier than it is, so the greatest of the
 * last offsets is the best one.
 */

import { computed, signal } from "@preact/signals";
import type { ClockMessage } from "./contract";

const REMEMBERED_OFFSETS = 12;
const LAG_AFTER_S = 12;
export const LOST_AFTER_S = 30;
const TICK_MS = 250;

export type Freshness = "live" | "lag" | "lost";

const offsets: number[] = [];
const offset = signal<number | null>(null);
const heardAt = signal(performance.now());
/** Since when no list of the open alerts has come for the stream that is open; null: one has. */
export const missingSince = signal<number | null>(null);
/** Seconds by which the service itself is behind Kafka, as it said last. */
export const lag = signal(0);
/** The service does not know yet how far behind it is. */
export const unsure = signal(false);
/** Who is at the boards of this unit and may act; 0 where the service has not said. */
export const operators = signal(0);
/** The stream was closed and a new one could not be had. */
export const broken = signal(false);
/** The page's monotonic clock, a few times a second. */
export const ticks = signal(performance.now());

export const silence = computed(() => Math.max(0, (ticks.value - heardAt.value) / 1000));
const missing = computed(() =>
  missingSince.value === null ? 0 : Math.max(0, (ticks.value - missingSince.value) / 1000),
);
/** Seconds by which what the board shows may be old. */
export const behind = computed(() => Math.max(silence.value, lag.value, missing.value));

export const freshness = computed<Freshness>(() => {
  if (broken.value || behind.value > LOST_AFTER_S) return "lost";
  const isUnsure = unsure.value || missingSince.value !== null;
  return isUnsure || behind.value > LAG_AFTER_S ? "lag" : "live";
});

/** The server's time in ms since the epoch; null before it was ever heard. */
export const now = computed(() => (offset.value === null ? null : ticks.value + offset.value));

/** The moment up to which the board is true. */
export const dataAsOf = computed(() =>
  offset.value === null
    ? null
    : Math.min(heardAt.value - lag.value * 1000, missingSince.value ?? Infinity) + offset.value,
);

/** Whole seconds, so that everything that counts changes once a second and together. */
export const seconds = computed(() =>
  now.value === null ? null : Math.floor(now.value / 1000) * 1000,
);

/** The full minute: enough for what opens and closes by the plan. */
export const minute = computed(() =>
  now.value === null ? null : Math.floor(now.value / 60_000) * 60_000,
);

/** The full hour: enough to tell today from yesterday, and seldom enough for long tables. */
export const hour = computed(() =>
  now.value === null ? null : Math.floor(now.value / 3_600_000) * 3_600_000,
);

/** The time that countdowns show: it stops while the board cannot know. */
export const countdownNow = computed(() =>
  freshness.value === "lost" ? dataAsOf.value : seconds.value,
);

export function start(): () => void {
  heardAt.value = performance.now();
  missingSince.value = null;
  const timer = setInterval(() => (ticks.value = performance.now()), TICK_MS);
  return () => clearInterval(timer);
}

export function heard(message: ClockMessage): void {
  const at = performance.now();
  offsets.push(Date.parse(message.now) - at);
  if (offsets.length > REMEMBERED_OFFSETS) offsets.shift();
  offset.value = Math.max(...offsets);
  unsure.value = message.lag_s === null;
  lag.value = message.lag_s ?? 0;
  operators.value = message.operators ?? 0;
  heardAt.value = at;
  ticks.value = at;
  broken.value = false;
}

/** A `Date` header, good to the second, serves until the first clock message. */
export function hint(date: string | null): void {
  if (offset.value !== null || date === null) return;
  const time = Date.parse(date);
  if (!Number.isNaN(time)) offset.value = time - performance.now();
}
