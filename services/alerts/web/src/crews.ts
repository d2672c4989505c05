/** Crews on duty in the order in which they are worth sending. Pure. */

import type { Alert, Crew } from "./contract";
import { distanceKm } from "./format";

const FRESH_MS = 300_000;
const FAR_KM = 1e6;

export interface Candidate {
  crew: Crew;
  /** Null where the crew or the alert has no position. */
  km: number | null;
  ageMs: number | null;
  fresh: boolean;
}

/** Free and fresh by distance, then an older position, then busy, then without position. */
export function candidates(alert: Alert, crews: readonly Crew[], now: number | null): Candidate[] {
  const found = crews.map((crew) => candidate(alert, crew, now));
  return found.sort(
    (a, b) =>
      group(a, alert) - group(b, alert) ||
      (a.km ?? FAR_KM) - (b.km ?? FAR_KM) ||
      a.crew.crew.localeCompare(b.crew.crew),
  );
}

function candidate(alert: Alert, crew: Crew, now: number | null): Candidate {
  const { position } = crew;
  const { lat, lon } = alert;
  const ageMs = position && now !== null ? Math.max(0, now - Date.parse(position.at)) : null;
  const km = position && lat !== null && lon !== null ? distanceKm(position, { lat, lon }) : null;
  return { crew, km, ageMs, fresh: ageMs !== null && ageMs <= FRESH_MS };
}

export function isBusy(crew: Crew, alert: Alert): boolean {
  return crew.busy_with !== null && crew.busy_with !== alert.id;
}

function group({ crew, fresh }: Candidate, alert: Alert): number {
  if (crew.position === null) return 3;
  if (isBusy(crew, alert)) return 2;
  return fresh ? 0 : 1;
}
