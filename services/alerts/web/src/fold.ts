/** Which alerts share one row. What is critical or high always has a row of its own. Pure. */

import type { Alert } from "./contract";

/** A row of the queue: the alert that it shows, and the ones that are folded under it. */
export interface Item {
  id: string;
  others: readonly string[];
}

export interface Folding {
  /** One-line rows, and what is alike shares one. */
  flood: boolean;
  /** Many are open: the low ones share a row for each district. */
  many: boolean;
  /** Heads that the operator has unfolded. */
  opened: ReadonlySet<string>;
  districtOf: (alert: Alert) => string;
  familyOf: (alert: Alert) => string;
}

const LEAST = 3;
const LEAST_IN_FLOOD = 2;

/** The alerts of one section, in order, as rows; a fold stands where its first alert stood. */
export function folded(alerts: readonly Alert[], folding: Folding): Item[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = foldKey(alert, folding);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), alert]);
  }
  const least = folding.flood ? LEAST_IN_FLOOD : LEAST;
  const items: Item[] = [];
  for (const alert of alerts) {
    const key = foldKey(alert, folding);
    const group = (key === null ? undefined : groups.get(key)) ?? [];
    const head = group[0];
    const alone = head === undefined || group.length < least || folding.opened.has(head.id);
    if (alone) items.push({ id: alert.id, others: [] });
    else if (alert === head) items.push({ id: alert.id, others: group.slice(1).map((a) => a.id) });
  }
  return items;
}

function foldKey(alert: Alert, folding: Folding): string | null {
  if (alert.kind === "duress" || alert.severity === "kritis" || alert.severity === "tinggi") {
    return null;
  }
  const place = folding.districtOf(alert);
  if (folding.flood) return `${alert.severity} ${place} ${folding.familyOf(alert)}`;
  if (alert.kind === "visit_missed") return `missed ${alert.unit} ${place}`;
  if (folding.many && alert.severity === "rendah") return `low ${place}`;
  return null;
}
