/** What the map shows, worked out from the lists beside it: nothing is on the map alone. Pure. */

import type { Alert, Crew, Severity, Site } from "../contract";
import { distanceKm } from "../format";
import { isGrave, needsTaking } from "../order";
import { type Status, statusOf } from "../sites";

export interface Spot {
  lat: number;
  lon: number;
}

export interface SiteSpot extends Spot {
  id: string;
  name: string;
  type: string;
  status: Status;
}

export interface AlertSpot extends Spot {
  id: string;
  severity: Severity;
  duress: boolean;
  grave: boolean;
  untaken: boolean;
  count: number;
  /** Of its site; null where the plan names none. */
  district: string | null;
}

export interface CrewSpot extends Spot {
  name: string;
  ageMs: number;
}

/** A district seen from afar: how many sites, and what is wrong there. */
export interface Bubble extends Spot {
  name: string;
  sites: number;
  trouble: number;
  unknown: number;
}

export interface Scene {
  sites: SiteSpot[];
  alerts: AlertSpot[];
  crews: CrewSpot[];
  bubbles: Bubble[];
}

const ORDER: Status[] = ["aman", "pemulihan", "unknown", "waspada", "gangguan"];
const RANK: Record<Severity, number> = { kritis: 0, tinggi: 1, sedang: 2, rendah: 3 };
const TOO_OLD_MS = 1_800_000;
const SAME_PLACE_KM = 0.05;
/** Of latitude, a little more than that: it spares the trigonometry for nearly all pairs. */
const SAME_PLACE_DEGREES = SAME_PLACE_KM / 110;
const MOST_BUBBLES = 20;

export function sceneOf(
  sites: readonly Site[],
  open: readonly Alert[],
  crews: readonly Crew[],
  now: number | null,
): Scene {
  return {
    sites: spots(sites),
    alerts: alertSpots(open, new Map(sites.map(({ id, district }) => [id, district]))),
    crews: crewSpots(crews, now),
    bubbles: bubbles(sites),
  };
}

/** What is well is drawn first, so that what is not lies on top. */
function spots(sites: readonly Site[]): SiteSpot[] {
  return sites
    .map((site) => ({
      id: site.id,
      name: site.name,
      type: site.type,
      lat: site.lat,
      lon: site.lon,
      status: statusOf(site),
    }))
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
}

/** Alerts at one place are one sign: the gravest, with how many there are. */
function alertSpots(
  open: readonly Alert[],
  districts: ReadonlyMap<string, string | null>,
): AlertSpot[] {
  const found: AlertSpot[] = [];
  const sorted = [...open].sort(
    (a, b) =>
      Number(b.kind === "duress") - Number(a.kind === "duress") ||
      RANK[a.severity] - RANK[b.severity],
  );
  for (const alert of sorted) {
    const { lat, lon } = alert;
    if (lat === null || lon === null) continue;
    const here = found.find(
      (spot) =>
        Math.abs(spot.lat - lat) < SAME_PLACE_DEGREES &&
        distanceKm(spot, { lat, lon }) < SAME_PLACE_KM,
    );
    if (here) here.count += 1;
    else {
      const duress = alert.kind === "duress";
      const district = (alert.site && districts.get(alert.site)) ?? null;
      const { id, severity } = alert;
      const [grave, untaken] = [isGrave(alert), needsTaking(alert)];
      found.push({ id, severity, duress, grave, untaken, lat, lon, count: 1, district });
    }
  }
  return found.reverse();
}

/** A position of half an hour ago says nothing: such a crew is in the list only. */
function crewSpots(crews: readonly Crew[], now: number | null): CrewSpot[] {
  if (now === null) return [];
  return crews.flatMap((crew) => {
    if (crew.position === null) return [];
    const { lat, lon, at } = crew.position;
    const ageMs = Math.max(0, now - Date.parse(at));
    return ageMs > TOO_OLD_MS ? [] : [{ name: crew.crew, lat, lon, ageMs }];
  });
}

function bubbles(sites: readonly Site[]): Bubble[] {
  const groups = new Map<string, Site[]>();
  for (const site of sites) {
    const name = site.district ?? "–";
    const group = groups.get(name);
    if (group) group.push(site);
    else groups.set(name, [site]);
  }
  const found = [...groups].map(([name, group]) => ({
    name,
    lat: group.reduce((sum, site) => sum + site.lat, 0) / group.length,
    lon: group.reduce((sum, site) => sum + site.lon, 0) / group.length,
    sites: group.length,
    trouble: group.filter((site) => statusOf(site) === "gangguan").length,
    unknown: group.filter((site) => statusOf(site) === "unknown").length,
  }));
  return fewer(found);
}

/** More districts than signs that can be read: the smallest join the nearest larger one. */
function fewer(found: Bubble[]): Bubble[] {
  found.sort((a, b) => b.sites - a.sites);
  const kept = found.slice(0, MOST_BUBBLES);
  for (const small of found.slice(MOST_BUBBLES)) {
    const near = kept.reduce((a, b) => (distanceKm(a, small) <= distanceKm(b, small) ? a : b));
    near.sites += small.sites;
    near.trouble += small.trouble;
    near.unknown += small.unknown;
  }
  return kept;
}
