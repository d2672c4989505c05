/** Times, ages and distances as people read them. */

import { assignment } from "./assignment";
import { language, t } from "./language";

const EARTH_M = 6_371_000;
const DEFAULT_ZONE = "Asia/Jakarta";
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions, locale = chosenLocale()) {
  const timeZone = assignment.value?.data.operation.timezone ?? DEFAULT_ZONE;
  const key = `${locale} ${timeZone} ${JSON.stringify(options)}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { ...options, timeZone, hourCycle: "h23" });
  formatters.set(key, made);
  return made;
}

function chosenLocale(): string {
  return language.value === "id" ? "id-ID" : "en-GB";
}

export type Moment = string | number;

/** 21.12.09; clock times have dots and durations a colon, in both languages. */
export function clockTime(moment: Moment): string {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  return formatter(options).format(new Date(moment)).replaceAll(":", ".");
}

/** 21.12 */
export function shortTime(moment: Moment): string {
  const options = { hour: "2-digit", minute: "2-digit" } as const;
  return formatter(options).format(new Date(moment)).replaceAll(":", ".");
}

/** 21.12, with the date before it when that is another day than `today`. */
export function dayTime(moment: Moment, today: Moment): string {
  const day = (one: Moment) => formatter({ day: "numeric", month: "short" }).format(new Date(one));
  const time = shortTime(moment);
  return day(moment) === day(today) ? time : `${day(moment)} ${time}`;
}

/** "Rabu, 29 November 2023"; reports are written in Indonesian. */
export function longDate(moment: Moment): string {
  const options = { weekday: "long", day: "numeric", month: "long", year: "numeric" } as const;
  return formatter(options, "id-ID").format(new Date(moment));
}

/** 5 … 23, in the operation's zone. */
export function hourOf(moment: Moment): number {
  return Number(formatter({ hour: "2-digit" }).format(new Date(moment)));
}

/** WIB, WITA, WIT, or the offset. */
export function zone(moment: Moment): string {
  const parts = formatter({ timeZoneName: "short" }, "id-ID").formatToParts(new Date(moment));
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

/** 18 m, 2,2 km */
export function distance(metres: number): string {
  if (metres < 950) return `${Math.round(metres)} m`;
  const kilometres = new Intl.NumberFormat(chosenLocale(), { maximumFractionDigits: 1 });
  return `${kilometres.format(metres / 1000)} km`;
}

export interface Place {
  lat: number;
  lon: number;
}

/** Metres over the ground (haversine). */
export function metresBetween(a: Place, b: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const north = Math.sin(radians(b.lat - a.lat) / 2);
  const east = Math.sin(radians(b.lon - a.lon) / 2);
  const chord = north ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * east ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(chord));
}
