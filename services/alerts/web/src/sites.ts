/** Sites and visits as figures. A status that this page does not know is shown as not known. */

import type { Alert, Site, Visit } from "./contract";

export const statuses = ["gangguan", "unknown", "waspada", "pemulihan", "aman"] as const;
export type Status = (typeof statuses)[number];

/** Visit states by how much they want to be seen. */
const VISIT_ORDER: Visit["state"][] = ["missed", "at_risk", "due", "recovered", "done"];

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
  /** Visits that were made, of those whose time is over. */
  done: number;
  due: number;
}

/** One line for each district, always in the same order. */
export function areas(
  sites: readonly Site[],
  visits: Iterable<Visit>,
  open: readonly Alert[],
): Area[] {
  const all = [...visits];
  const at = (...states: Visit["state"][]) =>
    counted(all.filter((visit) => states.includes(visit.state)).map((visit) => visit.site));
  const missed = at("missed");
  const made = at("done", "recovered");
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
    area.gangguan += Number(status === "gangguan");
    area.unknown += Number(status === "unknown");
    area.missed += missed.get(site.id) ?? 0;
    area.alerts += alerts.get(site.id) ?? 0;
    area.done += made.get(site.id) ?? 0;
    area.due += (made.get(site.id) ?? 0) + (missed.get(site.id) ?? 0);
    found.set(name, area);
  }
  return [...found.values()].sort((a, b) => byName(a.name ?? "~", b.name ?? "~"));
}

/** The visit of each site that most wants to be seen; among equals the latest one. */
export function visitBySite(visits: Iterable<Visit>): Map<string, Visit> {
  const found = new Map<string, Visit>();
  for (const visit of visits) {
    const known = found.get(visit.site);
    if (!known || isBefore(visit, known)) found.set(visit.site, visit);
  }
  return found;
}

export function coverage(visits: Iterable<Visit>): { done: number; missed: number; due: number } {
  const all = [...visits].map((visit) => visit.state);
  const count = (...states: Visit["state"][]) => all.filter((s) => states.includes(s)).length;
  return {
    done: count("done", "recovered"),
    missed: count("missed"),
    due: count("due", "at_risk"),
  };
}

function isBefore(a: Visit, b: Visit): boolean {
  const rank = VISIT_ORDER.indexOf(a.state) - VISIT_ORDER.indexOf(b.state);
  return rank < 0 || (rank === 0 && a.due_at > b.due_at);
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
