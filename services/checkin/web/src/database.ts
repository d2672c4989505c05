/** What outlives the page: events, photos, and single values, in IndexedDB. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Assignment, InboxItem } from "./contract";
import type { Tokens } from "./api";
import type { Identity } from "./identity";
import type { Duty } from "./duty";
import type { Visit } from "./visit";
import type { Item, Photo } from "./outbox";

/** The single values, by name. */
export interface Kept {
  identity: Identity;
  /** The key of an enrolment that was not answered yet. */
  pending: CryptoKeyPair;
  tokens: Tokens;
  /** The last `deviceseq` that was given away. */
  sequence: number;
  correction: number;
  assignment: { data: Assignment; at: number; etag: string | null };
  inbox: { after: string | null; items: InboxItem[] };
  duty: Duty;
  /** The visit that is open, saved on each change. */
  visit: Visit;
  /** A finished visit whose answers are being corrected. */
  amended: Visit;
  /** Until when positions follow a duress, every 5 s. */
  followed: number;
}

interface Shape extends DBSchema {
  kept: { key: string; value: unknown };
  events: { key: string; value: Item };
  photos: { key: string; value: Photo };
  visits: { key: string; value: Visit };
}

export type Database = IDBPDatabase<Shape>;

let opened: Promise<Database> | undefined;

export function database(): Promise<Database> {
  opened ??= openDB<Shape>("ronda", 1, {
    upgrade(made) {
      made.createObjectStore("kept");
      for (const name of ["events", "visits"] as const) {
        made.createObjectStore(name, { keyPath: "id" });
      }
      made.createObjectStore("photos", { keyPath: "sha256" });
    },
    terminated() {
      opened = undefined;
    },
  });
  opened.catch(() => (opened = undefined)); // the next one may fare better
  return opened;
}

export async function kept<N extends keyof Kept>(name: N): Promise<Kept[N] | undefined> {
  return (await (await database()).get("kept", name)) as Kept[N] | undefined;
}

export async function keep<N extends keyof Kept>(name: N, value: Kept[N]): Promise<void> {
  await (await database()).put("kept", value, name);
}

export async function drop(name: keyof Kept): Promise<void> {
  await (await database()).delete("kept", name);
}
