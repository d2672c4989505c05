/** What the board knows, as signals. Objects are never changed, only replaced by later versions. */

import { batch, computed, signal } from "@preact/signals";
import type { Alert, Coverage, Crew, Session, Site, Situation } from "./contract";
import { mostUrgent } from "./order";
import { forgetPresence } from "./panels/presence";

/** Closed alerts are kept for the detail and for reopening, this many at most. */
const KEPT_CLOSED = 50;

/** A screen for the whole room: what not everybody may know is not on it, whoever signed it in. */
export const isWall = new URLSearchParams(location.search).get("mode") === "wall";

export type Load = "loading" | "ready" | "failed";

export const session = signal<Session | null>(null);
/** Whether the last session ended by itself: then nobody may know that nothing is heard here. */
export const endedAlone = signal(false);
/** Why the login form is shown, where it was not asked for. */
export const loginNote = signal("");
export const situation = signal<Situation | null>(null);
export const alerts = signal<ReadonlyMap<string, Alert>>(new Map());
export const sites = signal<readonly Site[]>([]);
/** The day's visits as the service counts them; null where it does not. */
export const dayCoverage = signal<Coverage | null>(null);
export const crews = signal<readonly Crew[]>([]);
export const alertsLoad = signal<Load>("loading");
export const sitesLoad = signal<Load>("loading");

export const selectedId = signal<string | null>(null);
export const selected = computed(() => alerts.value.get(selectedId.value ?? "") ?? null);

export const open = computed(() => [...alerts.value.values()].filter((a) => a.state !== "closed"));
export const urgent = computed(() => mostUrgent(open.value));

/** Takes an alert unless a later version of it is known; true when it was news. */
export function putAlert(alert: Alert): boolean {
  if (!isForHere(alert)) return false;
  const known = alerts.peek().get(alert.id);
  if (known && known.version >= alert.version) return false;
  alerts.value = bounded(new Map(alerts.peek()).set(alert.id, alert));
  return true;
}

/** The same sites again are no news: a long table is not drawn anew for them. */
export function takeSites(list: readonly Site[]): void {
  const known = sites.peek();
  if (list === known) return;
  if (list.length === known.length && JSON.stringify(list) === JSON.stringify(known)) return;
  sites.value = list;
}

/**
 * Replaces the open alerts by a list that was asked for at a known moment. What the stream brought
 * since then (`heard`) outranks the list; an open alert that neither names has been closed.
 */
export function takeList(list: readonly Alert[], heard: ReadonlySet<string>): string[] {
  const before = alerts.peek();
  const next = new Map<string, Alert>();
  const changed: string[] = [];
  for (const alert of before.values()) {
    if (alert.state === "closed" || heard.has(alert.id)) next.set(alert.id, alert);
  }
  for (const alert of list.filter(isForHere)) {
    const known = before.get(alert.id);
    const newest = known && known.version >= alert.version ? known : alert;
    next.set(alert.id, newest);
    if (newest !== known) changed.push(alert.id);
  }
  alerts.value = bounded(next);
  return changed;
}

const forgetting: (() => void)[] = [];

/** For what else the board holds of a person's work: it is not the next one's. */
export function onForget(forgetMine: () => void): void {
  forgetting.push(forgetMine);
}

export function forget(): void {
  batch(() => {
    session.value = null;
    situation.value = null;
    alerts.value = new Map();
    sites.value = [];
    crews.value = [];
    dayCoverage.value = null;
    forgetPresence();
    selectedId.value = null;
    alertsLoad.value = "loading";
    sitesLoad.value = "loading";
    forgetting.forEach((forgetMine) => forgetMine());
  });
}

function isForHere(alert: Alert): boolean {
  return !(isWall && alert.restricted);
}

function bounded(map: Map<string, Alert>): Map<string, Alert> {
  const closed = [...map.values()].filter(
    (a) => a.state === "closed" && a.id !== selectedId.peek(),
  );
  closed.sort((a, b) => a.updated_at.localeCompare(b.updated_at));
  for (const alert of closed.slice(0, Math.max(0, closed.length - KEPT_CLOSED)))
    map.delete(alert.id);
  return map;
}
