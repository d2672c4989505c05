/** A suspicious report: three taps, everything else is optional. */

import { signal } from "@preact/signals";
import { assignment, category, sites } from "./assignment";
import { now } from "./clock";
import type { Category, Site } from "./contract";
import { duty } from "./duty";
import { metresBetween } from "./format";
import { labelOf } from "./language";
import { type Item, items, type Photo, write } from "./outbox";
import { asData, type Fix, fix } from "./position";
import { visit } from "./visit";

export const REPORTED = "ronda.incident.reported.v1";
const BACKUP = "ronda.backup.requested.v1";
/** A site this far beyond its own radius is still "here". */
const NEAR_M = 250;
const SAME_REPORT_MS = 60_000;
const TILES = 7;
/** What the service itself raises is nothing that an officer reports; duress has its own button. */
const NOT_REPORTED = new Set(["officer_duress", "missed_checkin", "no_report", "other"]);
/** The order of the first tiles: the same places every night. */
const FIRST = [
  "suspicious_person",
  "suspicious_vehicle",
  "suspicious_object",
  "intrusion",
  "seal_broken",
  "fire",
  "demonstration",
  "organizer_intimidation",
  "power_outage",
];

export interface Report {
  site: string | null;
  /** Frozen when the tile is pressed, with the position of that moment. */
  chosen: { category: string; at: number; fix: Fix | null } | null;
  text: string;
  backup: boolean;
  photos: Photo[];
  /** The report of mine that it may be added to: the one of a moment ago, or one to be corrected. */
  earlier: string | null;
}

export const report = signal<Report>(empty());

function empty(): Report {
  return { site: null, chosen: null, text: "", backup: false, photos: [], earlier: null };
}

export function begin(): void {
  const site = visit.value?.site ?? nearest()?.id ?? null;
  report.value = { ...empty(), site, earlier: justReported()?.id ?? null };
}

export function changeReport(changes: Partial<Report>): void {
  report.value = { ...report.value, ...changes };
}

export function choose(id: string): void {
  changeReport({ chosen: { category: id, at: now(), fix: fix.value } });
}

/** The site whose ground, or nearly, this phone is on. */
function nearest(): Site | null {
  const here = fix.value;
  if (!here) return null;
  const away = (site: Site) => metresBetween(here, site);
  const near = [...sites.value.values()].filter((site) => {
    return away(site) <= site.radius_m + NEAR_M + here.accuracy_m;
  });
  return near.sort((a, b) => away(a) - away(b))[0] ?? null;
}

export function offered(site: string | null): { tiles: Category[]; others: Category[] } {
  const all = (assignment.value?.data.categories ?? []).filter((one) => !NOT_REPORTED.has(one.id));
  const type = site ? sites.value.get(site)?.type : undefined;
  const fits = (one: Category) => !one.site_types?.length || (type && one.site_types.includes(type));
  const known = FIRST.flatMap((id) => all.find((one) => one.id === id) ?? []).filter(fits);
  const rest = all.filter((one) => !known.includes(one));
  const tiles = [...known, ...rest.filter(fits)].slice(0, TILES);
  return { tiles, others: all.filter((one) => !tiles.includes(one)) };
}

/** Asked once, when the form opens, so that no choice vanishes under the thumb. */
function justReported(): Item | undefined {
  return items.value.findLast(
    (item) =>
      item.type === REPORTED &&
      item.state !== "rejected" &&
      item.savedAt > now() - SAME_REPORT_MS,
  );
}

/** As a report of its own, or added to an earlier one: the post sees one happening then. */
export async function sendReport(addsTo?: string): Promise<void> {
  const { chosen, site, text, backup, photos } = report.value;
  if (!chosen) return;
  const data = {
    category: chosen.category,
    text: text.trim() || undefined,
    position: asData(chosen.fix),
    crew: duty.value?.crew,
    backup: backup || undefined,
    media: photos.length > 0 ? photos.map((photo) => photo.sha256) : undefined,
    adds_to: addsTo,
  };
  const subject = site ?? undefined;
  await write([{ type: REPORTED, data, subject, at: chosen.at }], { photos });
  report.value = empty();
}

/** Help for a report that was already made. */
export async function askForBackup(item: Item): Promise<void> {
  const data = { incident: item.id, position: asData(), crew: duty.value?.crew };
  await write([{ type: BACKUP, data, subject: item.event.subject }]);
}

/** What was seen, as people say it. */
export function reportLabel(id: string): string {
  const known = category(id);
  return known ? labelOf(known) : id;
}
