/**
 * Every event is written down here before anything is sent, and stays until the server answered
 * for its id. Ids and `deviceseq` are made in the same transaction, so no number is ever missing.
 */

import { computed, signal } from "@preact/signals";
import { purpose } from "./assignment";
import type { Json } from "./canonical";
import { correction, now, written } from "./clock";
import { database, type Kept } from "./database";
import { newId } from "./ids";
import { identity } from "./identity";
import { remember, remembered } from "./remembered";
import type { Visit } from "./visit";

const KEPT_FOR_MS = 36 * 3600_000;
const SOURCE = "ronda/app";

/** Whose hands the phone is in, where that is not who it was enrolled for. */
export interface Shift {
  person: string;
  /** The number of the event that began the shift. */
  from: number;
}

/** What the device signs. */
export interface Signed {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  subject?: string;
  time: string;
  device: string;
  deviceseq: number;
  data: { [name: string]: Json | undefined };
}

export type State = "saved" | "sent" | "rejected";

/** Why the server does not take something: a stable word, and its own sentence. */
export interface Rejection {
  state: "rejected";
  code: string;
  reason: string;
}

export interface Item {
  id: string;
  seq: number;
  type: string;
  event: Signed;
  /** Absent for what is live; not signed. */
  purpose?: string;
  /** The event signed, as it is sent. */
  text?: string;
  state: State;
  savedAt: number;
  /** Who made it; absent for the one whom the phone was enrolled for. */
  shift?: Shift;
  /** Of the clock that stamped it. */
  correction: number;
  /** Requests that the server could not carry out; such an event lets others pass. */
  failures: number;
  sentAt?: number;
  code?: string;
  reason?: string;
  /** It was rejected, and the officer has read that. */
  dismissed?: boolean;
  /** The phone could not store it: it lives as long as this page does. */
  unstored?: boolean;
  /** No list or count shows it: a duress, and the positions that follow it. */
  hidden?: boolean;
  /** The order that it answers. */
  answers?: string;
  /** The post has it: an alert was raised or changed by it. */
  postedAt?: number;
  read?: { name: string; at: number };
  /** What happened next, as the alert says. */
  progress?: { kind: "dispatched" | "en_route" | "arrived" | "resolved"; crew?: string };
}

export interface Photo {
  sha256: string;
  blob: Blob;
  savedAt: number;
  state: State;
  /** Requests for it that failed; the others go first. */
  failures?: number;
  code?: string;
  reason?: string;
  dismissed?: boolean;
}

/** An event that is to be written; the rest of it is made here. */
export interface Draft {
  type: string;
  data: { [name: string]: Json | undefined };
  subject?: string | undefined;
  id?: string;
  /** Milliseconds, corrected; the moment of writing where absent. */
  at?: number;
  /** Nothing on the screen may tell of it. */
  hidden?: boolean;
  answers?: string;
  /** With this event the phone comes into the hands of this person. */
  holder?: string | undefined;
}

/** What must be stored together with the events or not at all. */
export interface Along {
  photos?: Photo[];
  /** The open visit after this; null closes it. */
  visit?: Visit | null;
  finished?: Visit;
  /** The id of a finished visit that is taken back. */
  withdrawn?: string;
  duty?: Kept["duty"] | null;
}

export const items = signal<Item[]>([]);
export const photos = signal<Photo[]>([]);
/** Whose shift it is now; null for the one whom the phone was enrolled for. */
export const shift = signal<Shift | null>(null);

const isWaiting = (one: Item | Photo) => one.state === "saved";
export const waiting = computed(() => items.value.filter(isWaiting));
export const waitingPhotos = computed(() => photos.value.filter(isWaiting));
/** What of it the screen may count. */
export const shown = computed(() => items.value.filter((one) => !one.hidden && !one.dismissed));
export const shownPhotos = computed(() => photos.value.filter((one) => !one.dismissed));
/** Something waits that would be lost with this page. */
export const unstored = computed(() => shown.value.some((one) => one.unstored && isWaiting(one)));
/** What the server did not take, until the officer has read it. */
export const rejected = computed(() =>
  [...shown.value, ...shownPhotos.value].filter((one) => one.state === "rejected"),
);
export const unsent = computed(() => [
  ...shown.value.filter(isWaiting),
  ...waitingPhotos.value,
]);
/** Since when the oldest unsent thing waits, in corrected milliseconds. */
export const oldest = computed(() => {
  const times = unsent.value.map((one) => one.savedAt);
  return times.length > 0 ? Math.min(...times) : null;
});

const channel = new BroadcastChannel("ronda.outbox");
let lastSequence = 0;
let onWritten: (item: Item) => void = () => undefined;

/** `wake` is called for each event that was written. */
export async function startOutbox(wake: (item: Item) => void): Promise<void> {
  onWritten = wake;
  channel.onmessage = () => void load();
  await forgetOld();
  await load();
}

async function load(): Promise<void> {
  const stored = await (await database()).getAll("events");
  const memory = items.value.filter((item) => item.unstored);
  items.value = [...stored, ...memory].sort((a, b) => a.seq - b.seq);
  photos.value = await (await database()).getAll("photos");
}

/** Writes events with consecutive numbers, all or none; what cannot be stored is sent from memory. */
export async function write(drafts: Draft[], along: Along = {}): Promise<Item[]> {
  const at = now();
  let made: Item[];
  try {
    made = await stored(drafts, along, at);
  } catch (error) {
    if (isFull(error)) await makeRoom();
    made = await stored(drafts, along, at).catch((again: unknown) => inMemory(again, drafts, at));
  }
  items.value = [...items.value, ...made];
  if (along.photos) photos.value = [...photos.value, ...along.photos];
  channel.postMessage(null);
  for (const item of made) onWritten(item);
  return made;
}

async function stored(drafts: Draft[], along: Along, at: number): Promise<Item[]> {
  const names: ("kept" | "events" | "photos" | "visits")[] = ["kept", "events", "photos", "visits"];
  const open = await database();
  const transaction = open.transaction(names, "readwrite", { durability: "strict" });
  const values = transaction.objectStore("kept");
  try {
    const known = ((await values.get("sequence")) as number | undefined) ?? 0;
    const first = Math.max(known, lastNumber()) + 1;
    const made = drafts.map((draft, index) => item(draft, first + index, at));
    const writes: Promise<unknown>[] = [values.put(first + drafts.length - 1, "sequence")];
    for (const one of made) writes.push(transaction.objectStore("events").add(one));
    for (const photo of along.photos ?? []) {
      writes.push(transaction.objectStore("photos").put(photo));
    }
    if (along.finished) writes.push(transaction.objectStore("visits").put(along.finished));
    if (along.withdrawn) writes.push(transaction.objectStore("visits").delete(along.withdrawn));
    // The number of its first event is known only here.
    const duty = along.duty && { ...along.duty, shift: made[0]?.shift };
    for (const [name, value] of Object.entries({ visit: along.visit, duty })) {
      if (value === null) writes.push(values.delete(name));
      else if (value !== undefined) writes.push(values.put(value, name));
    }
    await Promise.all([...writes, transaction.done]);
    given(first + drafts.length - 1);
    return made;
  } catch (error) {
    transaction.done.catch(() => undefined); // the same failure, told once
    throw error;
  }
}

/** The last resort of a phone that is full or broken: the events live as long as this page does. */
function inMemory(error: unknown, drafts: Draft[], at: number): Item[] {
  console.warn("outbox", error);
  const first = lastNumber() + 1;
  given(lastNumber() + drafts.length);
  return drafts.map((draft, index) => ({ ...item(draft, first + index, at), unstored: true }));
}

/** Beside the database, so that no number is given twice where that fails. */
function lastNumber(): number {
  return Math.max(lastSequence, Number(remembered(numberName())) || 0);
}

function given(last: number): void {
  lastSequence = last;
  remember(numberName(), String(last));
}

function numberName(): string {
  return `ronda.sequence.${identity.value?.device}`;
}

function item(draft: Draft, seq: number, at: number): Item {
  const device = identity.value;
  if (!device) throw new Error("this phone is not enrolled");
  const event: Signed = {
    specversion: "1.0",
    id: draft.id ?? newId(draft.at ?? at),
    source: SOURCE,
    type: draft.type,
    ...(draft.subject === undefined ? {} : { subject: draft.subject }),
    time: written(draft.at ?? at),
    device: device.device,
    deviceseq: seq,
    data: draft.data,
  };
  return {
    id: event.id,
    seq,
    type: event.type,
    event,
    state: "saved",
    savedAt: at,
    correction: correction.value,
    failures: 0,
    ...shiftOf(draft, seq),
    ...(draft.hidden ? { hidden: true } : {}),
    ...(draft.answers ? { answers: draft.answers } : {}),
    ...(purpose.value ? { purpose: purpose.value } : {}),
  };
}

function shiftOf({ holder }: Draft, seq: number): { shift?: Shift } {
  if (holder !== undefined) return { shift: { person: holder, from: seq } };
  return shift.value ? { shift: shift.value } : {};
}

/** Those that no other tab of this phone has sent meanwhile. */
export async function stillWaiting(batch: Item[]): Promise<Item[]> {
  const known = await read(batch).catch(() => new Map<string, Item>());
  items.value = items.value.map((item) => known.get(item.id) ?? item);
  return batch.filter((item) => isWaiting(known.get(item.id) ?? item));
}

async function read(batch: Item[]): Promise<Map<string, Item>> {
  const transaction = (await database()).transaction("events");
  const found = await Promise.all(batch.map((item) => transaction.store.get(item.id)));
  return new Map(found.flatMap((item) => (item ? [[item.id, item] as const] : [])));
}

/** Changes what is known of some events, in the database and on the screen. */
export async function change(changes: Map<string, Partial<Item>>): Promise<void> {
  if (changes.size === 0) return;
  const changed = (one: Item): Item => ({ ...one, ...changes.get(one.id) });
  try {
    const transaction = (await database()).transaction("events", "readwrite");
    await Promise.all([
      ...[...changes.keys()].map(async (id) => {
        const one = await transaction.store.get(id);
        if (one) await transaction.store.put(changed(one));
      }),
      transaction.done,
    ]);
  } catch (error) {
    console.warn("outbox", error); // the phone asks the server again after a restart
  }
  items.value = items.value.map((one) => (changes.has(one.id) ? changed(one) : one));
  channel.postMessage(null);
}

export async function changePhoto(sha256: string, changes: Partial<Photo>): Promise<void> {
  const photo = photos.value.find((one) => one.sha256 === sha256);
  if (!photo) return;
  const changed = { ...photo, ...changes };
  photos.value = photos.value.map((one) => (one === photo ? changed : one));
  await database()
    .then((open) => open.put("photos", changed))
    .catch(console.warn); // a phone that cannot store it sends the picture again after a restart
}

async function forgetOld(): Promise<void> {
  await forget((one) => isOver(one) && one.savedAt < now() - KEPT_FOR_MS);
}

async function makeRoom(): Promise<void> {
  await forget(isOver).catch(() => undefined);
}

function isOver(one: Item | Photo): boolean {
  return one.state === "sent" || one.dismissed === true;
}

async function forget(old: (one: Item | Photo) => boolean): Promise<void> {
  const open = await database();
  for (const name of ["events", "photos"] as const) {
    const transaction = open.transaction(name, "readwrite");
    for await (const cursor of transaction.store) if (old(cursor.value)) await cursor.delete();
    await transaction.done;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}
