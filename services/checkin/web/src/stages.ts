/** How far an event got, in words and dots. */

import { category, siteName } from "./assignment";
import { clockTime, dayTime, type Moment } from "./format";
import { labelOf, readable, t, tIfKnown } from "./language";
import type { Item } from "./outbox";
import { underway } from "./sender";
import { now } from "./clock";

/** Somebody at the post takes these; of all others the server's word is the last. */
const ANSWERED = new Set([
  "ronda.incident.reported.v1",
  "ronda.backup.requested.v1",
  "ronda.duress.raised.v1",
]);

export interface Stage {
  name: "saved" | "sent" | "posko" | "read" | "rejected";
  lit: number;
  of: number;
  words: string;
}

export function stageOf(item: Item): Stage {
  const of = ANSWERED.has(item.type) ? 4 : 2;
  if (item.state === "rejected") {
    return { name: "rejected", lit: 0, of, words: t("q.reject", { reason: reasonOf(item) }) };
  }
  if (item.read) {
    return { name: "read", lit: 4, of: 4, words: t("q.read", { name: item.read.name }) };
  }
  if (item.postedAt) return { name: "posko", lit: 3, of: 4, words: t("q.posko") };
  if (item.state === "sent") {
    const words = t(of === 2 ? "q.received" : "q.sent");
    return { name: "sent", lit: 2, of, words };
  }
  const saved = item.unstored ? "q.unstored" : "q.saved";
  const words = t(underway.value.has(item.id) ? "q.sending" : saved);
  return { name: "saved", lit: 1, of, words };
}

/** Why the server did not take something, in the officer's words. */
export function reasonOf({ code }: { code?: string }): string {
  return tIfKnown("rej", code ?? "", t("rej.other"));
}

/** What happened after somebody took it: "R-21 menuju lokasi". */
export function progressOf(item: Item): string {
  const { progress } = item;
  return progress ? t(`u.${progress.kind}`, { crew: progress.crew ?? "" }) : "";
}

/** "Check-in · Gudang Logistik" */
export function titleOf(item: Item): string {
  const { subject } = item.event;
  return subject ? `${nameOf(item)}\u00a0· ${siteName(subject)}` : nameOf(item);
}

function nameOf({ type, event }: Item): string {
  if (type === "ronda.incident.reported.v1") {
    const id = String(event.data.category);
    const known = category(id);
    return known ? labelOf(known) : readable(id);
  }
  if (event.data.amends) return t("giat.correction");
  return tIfKnown("ev", type.replace(/^ronda\.|\.v\d+$/g, "").replace(".", "_"));
}

export function when(moment: Moment): string {
  return dayTime(moment, now());
}

export function exactly(moment: Moment): string {
  return clockTime(moment);
}
