/** Times, ages, distances and names as people read them. */

import type { Alert } from "./contract";
import { language, readable, t, tIfKnown, tOr } from "./language";
import { situation } from "./state";

const EARTH_KM = 6371;
const DAY_MS = 86_400_000;
const DEFAULT_ZONE = "Asia/Jakarta";
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language.value === "id" ? "id-ID" : "en-GB";
  const timeZone = situation.value?.timezone ?? DEFAULT_ZONE;
  const key = `${locale} ${timeZone} ${Object.keys(options).join()}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { ...options, timeZone, hourCycle: "h23" });
  formatters.set(key, made);
  return made;
}

/** 21.12.09, with the date before it when that is another day than `today`; clock times have dots
 * and durations a colon, in both languages. */
export function clockTime(moment: string | number | null, today: number | null = null): string {
  if (moment === null) return "--.--.--";
  return timeOf(moment, { hour: "2-digit", minute: "2-digit", second: "2-digit" }, today);
}

/** 21.12, with the date like that. */
export function shortTime(moment: string, today: number | null = null): string {
  return timeOf(moment, { hour: "2-digit", minute: "2-digit" }, today);
}

/** 21.12 where "last" or "next" says which: the date only from a day's distance on. */
export function nearTime(moment: string, now: number): string {
  const isNear = Math.abs(Date.parse(moment) - now) < DAY_MS;
  return shortTime(moment, isNear ? null : now);
}

function timeOf(
  moment: string | number,
  options: Intl.DateTimeFormatOptions,
  today: number | null,
): string {
  const at = new Date(moment).getTime();
  const time = formatter(options).format(at).replaceAll(":", ".");
  return today === null || day(at) === day(today) ? time : `${day(at)} ${time}`;
}

function day(moment: number): string {
  return formatter({ day: "numeric", month: "short" }).format(moment);
}

/** "Sen 23 Nov" */
export function date(moment: number): string {
  const options = { weekday: "short", day: "numeric", month: "short" } as const;
  return formatter(options).format(moment).replace(",", "");
}

/** WIB, WITA, WIT, or the offset; only the Indonesian locale knows these names. */
export function zone(moment: number): string {
  const timeZone = situation.value?.timezone ?? DEFAULT_ZONE;
  const format = new Intl.DateTimeFormat("id-ID", { timeZone, timeZoneName: "short" });
  const parts = format.formatToParts(moment);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** 0:07, 12:10, 1:02:03 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = String(s).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${padded}` : `${m}:${padded}`;
}

/** 40 dtk, 6 mnt, 3 jam */
export function age(seconds: number): string {
  if (seconds < 60) return t("c.second", { n: Math.max(0, Math.floor(seconds)) });
  if (seconds < 5400) return t("c.minute", { n: Math.round(seconds / 60) });
  return t("c.hour", { n: Math.round(seconds / 3600) });
}

export function decimal(value: number, digits = 1): string {
  const locale = language.value === "id" ? "id-ID" : "en-GB";
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(value);
}

interface Place {
  lat: number;
  lon: number;
}

/** Kilometres over the ground (haversine). */
export function distanceKm(a: Place, b: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const north = Math.sin(radians(b.lat - a.lat) / 2);
  const east = Math.sin(radians(b.lon - a.lon) / 2);
  const chord = north ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * east ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(chord));
}

export function categoryLabel(alert: Alert): string {
  if (alert.kind === "duress") return t("dur.title");
  return categoryName(alert.category, alert.kind);
}

export function categoryName(id: string, kind = ""): string {
  return labelOf(situation.value?.categories, id) ?? tOr("kind", kind, readable(id));
}

export function siteTypeName(id: string): string {
  return labelOf(situation.value?.site_types, id) ?? readable(id);
}

type Labelled = { id: string; label: string; label_en: string };

/** What the plan calls it. */
function labelOf(rows: readonly Labelled[] | undefined, id: string): string | undefined {
  const row = rows?.find((each) => each.id === id);
  return language.value === "id" ? row?.label : row?.label_en;
}

export function siteLabel(alert: Alert): string {
  return alert.site_name ?? alert.site ?? unitName(alert.unit);
}

/** The alert in one line, for accessible names. */
export function title(alert: Alert): string {
  return `${categoryLabel(alert)} · ${siteLabel(alert)}`;
}

export function postName(post: string | null): string {
  return !post ? "" : /[A-Z ]/.test(post) ? post : readable(post);
}

export function roleName(role: string): string {
  return tIfKnown("role", role);
}

/** The last part of a unit's path as a name: "polsek-soko" → "Polsek Soko". */
export function unitName(path: string): string {
  const words = (path.split("/").at(-1) ?? path).split("-");
  return words.map(readable).join(" ");
}
