/** Sites and visits as figures. A status that this page does not know is shown as not known. */

import type { Alert, Coverage, Site } from "./contract";

export const statuses = ["gangguan", "unknown", "waspada", "pemulihan", "aman"] as const;
export type Status = (typeof statuses)[number];

export function statusOf(site: Site): Status {
  return statuses.find((status) => status === site.status) ?? "unknown";
}

const byName = new Intl.Collator("id").compare;

/** What is wrong first, then by place and name; it changes only when a status does. */
export function ordered(sites: readonly Site[]): Site[] {
  const rank = (site: Site) => statuses.indexOf(statusOf(site));
  return [...sites].sort(
    (a, b) =>
      rank(a) - rank(b) || byName(a.district ?? "", b.district ?? "") || byName(a.name, b.name),
  );
}

export interface Area {
  name: string | null;
  gangguan: number;
  unknown: number;
  missed: number;
  alerts: number;
  /** Visits of today that were made, of those whose time has come. */
  done: number;
  due: number;
}

/** One line for each district, always in the same order. */
export function areas(
  sites: readonly Site[],
  coverage: Coverage | null,
  open: readonly Alert[],
): Area[] {
  const visits = new Map(coverage?.sites.map((row) => [row.visits.site, row.visits]));
  const urgent = open.filter((a) => a.severity === "kritis" || a.severity === "tinggi");
  const alerts = counted(urgent.map((alert) => alert.site ?? ""));
  const found = new Map<string | null, Area>();
  for (const site of sites) {
    const name = site.district;
    const area = found.get(name) ?? {
      name,
      gangguan: 0,
      unknown: 0,
      missed: 0,
      alerts: 0,
      done: 0,
      due: 0,
    };
    const status = statusOf(site);
    const here = visits.get(site.id);
    area.gangguan += Number(status === "gangguan");
    area.unknown += Number(status === "unknown");
    area.missed += here?.missed ?? 0;
    area.alerts += alerts.get(site.id) ?? 0;
    area.done += (here?.done ?? 0) + (here?.late ?? 0);
    area.due += here?.required ?? 0;
    found.set(name, area);
  }
  return [...found.values()].sort((a, b) => byName(a.name ?? "~", b.name ?? "~"));
}

export interface Stand {
  state: "missed" | "at_risk" | "due" | "done";
  at: string;
}

/**
 * What of a site's visits most wants to be seen: one that is owed, one that nobody made and none
 * since, one whose window is open; else the last one. Null where nobody has been there or must be.
 */
export function visitStand(site: Site, now: number): Stand | null {
  const rounds = site.visits;
  if (!rounds) return null;
  const { last_at, next_opens_at, next_due_at, owed_at, missed_at } = rounds;
  if (owed_at) return { state: "at_risk", at: owed_at };
  if (missed_at && !(last_at && Date.parse(last_at) > Date.parse(missed_at)))
    return { state: "missed", at: missed_at };
  if (next_due_at && next_opens_at && Date.parse(next_opens_at) <= now)
    return { state: "due", at: next_due_at };
  return last_at ? { state: "done", at: last_at } : null;
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
