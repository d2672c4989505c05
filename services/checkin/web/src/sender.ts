/**
 * Sends what waits, in lanes that do not wait for each other: a duress has its own requests; all other
 * events go in batches; pictures follow one by one, after the events. An event leaves only when the
 * server answered for its id.
 */

import { signal } from "@preact/signals";
import { Later, type Outcome, postEvents, putPhoto, Refused, TooLarge, Unusable } from "./api";
import { now } from "./clock";
import {
  change,
  changePhoto,
  type Item,
  type Photo,
  type Rejection,
  stillWaiting,
  waiting,
  waitingPhotos,
} from "./outbox";
import { signed } from "./signing";

const MOST_EVENTS = 100;
const MOST_CHARACTERS = 200_000;
const FIRST_DELAY_S = 1;
const LONGEST_DELAY_S = 60;
const DURESS_DELAY_S = 3;
const REGULAR_MS = 30_000;
/** After so many requests that the server could not carry out, an event goes behind the others. */
const PATIENCE = 4;
/** A clock this much apart needs a request of its own. */
const SAME_CLOCK_MS = 5_000;

export const DURESS = "ronda.duress.raised.v1";
export const MISTAKEN = "ronda.duress.mistaken.v1";
const ALONE = new Set([DURESS, MISTAKEN]);
const URGENT = new Set(["ronda.incident.reported.v1", "ronda.backup.requested.v1"]);
const POSITION = "ronda.position.recorded.v1";

/** Events whose request is under way now. */
export const underway = signal<ReadonlySet<string>>(new Set());
/** When the next attempt is made, in ms of this page's monotonic clock; null while none waits. */
export const retryAt = signal<number | null>(null);

interface Lane {
  name: string;
  takes: (item: Item) => boolean;
  empty: (mine: Lane) => Promise<void>;
  most: number;
  delay: number;
  busy: boolean;
  again: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const pictures = lane("pictures", () => false, sendPhotos);
const lanes: Lane[] = [
  lane("duress", (item) => ALONE.has(item.type), sendEvents),
  lane("rest", (item) => !ALONE.has(item.type), sendEvents),
  pictures,
];

function lane(name: string, takes: Lane["takes"], empty: Lane["empty"]): Lane {
  const idle = { delay: 0, busy: false, again: false, timer: undefined };
  return { name, takes, empty, most: MOST_EVENTS, ...idle };
}

export function startSending(): void {
  addEventListener("online", sendNow);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendNow();
  });
  setInterval(() => lanes.forEach(pumpIfIdle), REGULAR_MS);
  sendNow();
}

/** At once, whatever delay was running. */
export function sendNow(): void {
  for (const one of lanes) {
    one.delay = 0;
    void pump(one);
  }
}

/** A new event: its lane runs, but a running delay after a failure is respected. */
export function wake(item: Item): void {
  const mine = lanes.find((one) => one.takes(item));
  if (!mine) return;
  if (ALONE.has(item.type) || mine.timer === undefined || URGENT.has(item.type)) void pump(mine);
}

function pumpIfIdle(one: Lane): void {
  if (one.timer === undefined) void pump(one);
}

async function pump(mine: Lane): Promise<void> {
  if (mine.busy) {
    mine.again = true;
    return;
  }
  mine.busy = true;
  clearTimeout(mine.timer);
  mine.timer = undefined;
  if (mine.name === "rest") retryAt.value = null;
  try {
    // Another tab of this phone may be sending the same events.
    await navigator.locks.request(`ronda.${mine.name}`, () => mine.empty(mine));
    mine.delay = 0;
    if (mine.name === "rest") pumpIfIdle(pictures);
  } catch (error) {
    postpone(mine, error);
  } finally {
    mine.busy = false;
    if (mine.again && mine.timer === undefined) void pump(mine);
    mine.again = false;
  }
}

async function sendEvents(mine: Lane): Promise<void> {
  for (let batch = next(mine); batch.length > 0; batch = next(mine)) await send(mine, batch);
}

/** The one that failed least goes first, so that a picture which never arrives stops no other. */
async function sendPhotos(): Promise<void> {
  for (let photo = nextPhoto(); photo; photo = nextPhoto()) {
    const { sha256, failures = 0 } = photo;
    try {
      await putPhoto(photo);
      // The server has the picture: the phone needs to remember only that.
      await changePhoto(sha256, { state: "sent", blob: new Blob() });
    } catch (error) {
      if (error instanceof TooLarge || error instanceof Unusable) {
        await changePhoto(sha256, rejection(error));
      } else {
        await changePhoto(sha256, { failures: failures + 1 });
        throw error;
      }
    }
  }
}

function nextPhoto(): Photo | undefined {
  const least = (a: Photo, b: Photo) => (a.failures ?? 0) - (b.failures ?? 0);
  return [...waitingPhotos.value].sort(least)[0];
}

/** What is urgent is in the first batch; within a batch the order is the device's own. */
function next(mine: Lane): Item[] {
  const mineWaiting = waiting.value.filter(mine.takes);
  const chosen: Item[] = [];
  let characters = 0;
  for (const item of mineWaiting.sort((a, b) => rank(a) - rank(b) || a.seq - b.seq)) {
    const first = chosen[0];
    if (first && !isSentWith(first, item)) continue;
    characters += JSON.stringify(item.event).length;
    if (first && (chosen.length >= mine.most || characters > MOST_CHARACTERS)) break;
    chosen.push(item);
  }
  return chosen.sort((a, b) => a.seq - b.seq);
}

/** Each request is by one clock and in one person's name. */
function isSentWith(first: Item, item: Item): boolean {
  const sameClock = Math.abs(first.correction - item.correction) <= SAME_CLOCK_MS;
  return sameClock && first.shift?.from === item.shift?.from;
}

function rank(item: Item): number {
  if (item.failures >= PATIENCE) return 3;
  if (URGENT.has(item.type)) return 0;
  return item.type === POSITION ? 2 : 1;
}

async function send(mine: Lane, chosen: Item[]): Promise<void> {
  const batch = await stillWaiting(chosen);
  if (batch.length === 0) return;
  const ready = await signed(batch);
  const ids = batch.map((item) => item.id);
  underway.value = new Set([...underway.value, ...ids]);
  try {
    const { correction = 0, shift } = batch[0] ?? {};
    await settle(await postEvents(ready, correction, shift ?? null), batch);
    mine.most = Math.min(MOST_EVENTS, mine.most * 2);
  } catch (error) {
    await divide(mine, batch, error);
  } finally {
    underway.value = new Set([...underway.value].filter((id) => !ids.includes(id)));
  }
}

async function settle(outcomes: Map<string, Outcome>, batch: Item[]): Promise<void> {
  const sentAt = now();
  const changes = new Map<string, Partial<Item>>();
  for (const item of batch) {
    const outcome = outcomes.get(item.id);
    if (outcome?.status === "accepted") changes.set(item.id, { state: "sent", sentAt });
    if (outcome?.status === "rejected") {
      const { code = "", reason = "" } = outcome;
      changes.set(item.id, { state: "rejected", code, reason });
    }
  }
  if (changes.size === 0) throw new Later("the answer named none of the events");
  await change(changes);
}

/** A batch that cannot be taken whole is sent in halves; an event alone is told its reason. */
async function divide(mine: Lane, batch: Item[], error: unknown): Promise<void> {
  const only = batch.length === 1 ? batch[0] : undefined;
  if (error instanceof TooLarge || error instanceof Unusable) {
    if (only) await change(new Map([[only.id, rejection(error)]]));
    else mine.most = Math.max(1, Math.floor(batch.length / 2));
    return;
  }
  if (error instanceof Later && error.status === 500) {
    mine.most = Math.max(1, Math.floor(batch.length / 2));
    if (only) await change(new Map([[only.id, { failures: only.failures + 1 }]]));
  }
  throw error;
}

function rejection({ code, message }: TooLarge | Unusable): Rejection {
  return { state: "rejected", code, reason: message };
}

function postpone(mine: Lane, error: unknown): void {
  mine.delay = Math.min(LONGEST_DELAY_S, Math.max(FIRST_DELAY_S, mine.delay * 2));
  const asked = error instanceof Later ? (error.retryAfterS ?? 0) : 0;
  const regular = Math.max(mine.delay, Math.min(asked, LONGEST_DELAY_S));
  const delay = mine.name === "duress" ? DURESS_DELAY_S : regular;
  mine.timer = setTimeout(() => void pump(mine), delay * 1000);
  if (mine.name === "rest") retryAt.value = performance.now() + delay * 1000;
  // Refused: the status line says it, and everything stays in the queue.
  if (!(error instanceof Later || error instanceof Refused)) console.error(error);
}
