/** Crews on duty in the order in which they are worth sending. Pure. */

import type { Alert, Backup, Crew, Reason } from "./contract";
import { distanceKm } from "./format";

const FRESH_MS = 300_000;
const FAR_KM = 1e6;

export interface Candidate {
  crew: Crew;
  /** Null where the crew or the alert has no position. */
  km: number | null;
  ageMs: number | null;
  fresh: boolean;
  /** Within how many seconds of the report it should be there, where the service says so. */
  targetS: number | null;
  reasons: readonly Reason[];
}

/** The order of the service, which knows the whole operation's crews. */
export function recommended(backup: Backup): Candidate[] {
  return backup.items.map((item) => ({
    crew: {
      crew: item.crew,
      unit: item.unit,
      on_duty_since: "",
      members: Array.from({ length: item.members }, () => ""),
      position: null,
      busy_with: item.busy_with,
    },
    km: item.distance_m === null ? null : item.distance_m / 1000,
    ageMs: item.position_age_s === null ? null : item.position_age_s * 1000,
    fresh: item.position_age_s !== null && item.position_age_s * 1000 <= FRESH_MS,
    targetS: item.target_s,
    reasons: item.reasons,
  }));
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
  const fresh = ageMs !== null && ageMs <= FRESH_MS;
  return { crew, km, ageMs, fresh, targetS: null, reasons: [] };
}

export function isBusy(crew: Crew, alert: Alert): boolean {
  return crew.busy_with !== null && crew.busy_with !== alert.id;
}

function group({ crew, fresh }: Candidate, alert: Alert): number {
  if (crew.position === null) return 3;
  if (isBusy(crew, alert)) return 2;
  return fresh ? 0 : 1;
}
