/** An officer in danger. Nothing on the phone may show or sound, but the four dots. */

import { computed, signal } from "@preact/signals";
import { now, seconds } from "./clock";
import { keep, kept } from "./database";
import { duty } from "./duty";
import { type Item, items, write } from "./outbox";
import { asData } from "./position";
import { DURESS, MISTAKEN } from "./sender";

const FOLLOW_EVERY_MS = 5_000;
const FOLLOW_FOR_MS = 10 * 60_000;
const QUIET_FOR_MS = 30 * 60_000;
const UNSENT_AFTER_MS = 10_000;
const MISTAKE_MS = 60_000;

const last = computed(() => items.value.findLast((item) => item.type === DURESS));

/** 0–4 dots for the last hold of this night; true where the first one was not sent in 10 s. */
export const dots = computed<{ lit: number; late: boolean }>(() => {
  const item = last.value;
  if (!item || seconds.value - item.savedAt > QUIET_FOR_MS) return { lit: 0, late: false };
  if (item.read) return { lit: 4, late: false };
  if (item.postedAt) return { lit: 3, late: false };
  if (item.state === "sent") return { lit: 2, late: false };
  return { lit: 1, late: seconds.value - item.savedAt >= UNSENT_AFTER_MS };
});

/** While true the phone makes no sound and does not vibrate, whatever comes in. */
export const quiet = computed(
  () => last.value !== undefined && seconds.value - last.value.savedAt < QUIET_FOR_MS,
);

const followUntil = signal(0);
/** For a while after a hold the post is told where the phone is. */
export const following = computed(() => seconds.value < followUntil.value);
/** A finger is on the button: in two seconds a position may be found. */
export const touched = signal(false);

export async function startFollowing(): Promise<void> {
  followUntil.value = (await kept("followed")) ?? 0;
  setInterval(() => void follow(), FOLLOW_EVERY_MS);
}

export async function raise(): Promise<void> {
  followUntil.value = now() + FOLLOW_FOR_MS;
  const data = { position: asData(), crew: duty.value?.crew };
  await write([{ type: DURESS, data, hidden: true }]);
  await keep("followed", followUntil.value).catch(() => undefined);
}

/** The last hold, while it may be called a mistake and was not yet. It is never taken back. */
export const mistakable = computed<Item | undefined>(() => {
  const item = last.value;
  if (!item || seconds.value - item.savedAt > MISTAKE_MS) return undefined;
  const said = items.value.some(
    (one) => one.type === MISTAKEN && one.event.data.duress === item.id,
  );
  return said ? undefined : item;
});

/** Tells the post that the button was pressed by mistake; the post still asks by voice. */
export async function callMistake(item: Item): Promise<void> {
  const data = { duress: item.id, crew: duty.value?.crew };
  await write([{ type: MISTAKEN, data, subject: item.event.subject, hidden: true }]);
}

async function follow(): Promise<void> {
  const position = asData();
  if (now() > followUntil.value || !position) return;
  const data = { position, crew: duty.value?.crew };
  const point = { type: "ronda.position.recorded.v1", data, hidden: true };
  await write([point]).catch(() => undefined);
}
