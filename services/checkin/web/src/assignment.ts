/** What the plan asks of this officer, from the server or from days ago. */

import { computed, signal } from "@preact/signals";
import { getAssignment, Later, Refused } from "./api";
import { now } from "./clock";
import type { Assignment, Category, Site, SiteType } from "./contract";
import { keep, kept } from "./database";

const REFRESH_MS = 5 * 60_000;

export const assignment = signal<{ data: Assignment; at: number; etag: string | null } | null>(
  null,
);
const crewAsked = signal<string | null>(null);
let asking = false;

export const sites = computed<Map<string, Site>>(
  () => new Map(assignment.value?.data.sites.map((site) => [site.id, site])),
);

/** `exercise` while the operation is only rehearsed; every event and every screen says so. */
export const purpose = computed(() => assignment.value?.data.operation.purpose ?? null);

export function siteName(id: string): string {
  return sites.value.get(id)?.name ?? id;
}

export function siteType(id: string): SiteType | undefined {
  return assignment.value?.data.site_types.find((type) => type.id === id);
}

export function category(id: string): Category | undefined {
  return assignment.value?.data.categories.find((one) => one.id === id);
}

export async function loadAssignment(): Promise<void> {
  assignment.value = (await kept("assignment")) ?? null;
}

export function startRefreshing(crew: string | null): void {
  crewAsked.value = crew;
  setInterval(() => void refresh(), REFRESH_MS);
  addEventListener("online", () => void refresh());
  document.addEventListener("visibilitychange", () => void refresh());
  void refresh();
}

/** A crew's targets are asked for from now on. */
export function askForCrew(crew: string | null): void {
  crewAsked.value = crew;
  void refresh();
}

async function refresh(): Promise<void> {
  if (asking || document.visibilityState !== "visible") return;
  asking = true;
  try {
    const known = assignment.value;
    const answer = await getAssignment(crewAsked.value, known?.etag ?? null);
    const newest = answer ?? (known && { data: known.data, etag: known.etag });
    if (!newest) return;
    assignment.value = { ...newest, at: now() };
    // A full phone asks for it again after a restart.
    await keep("assignment", assignment.value).catch(console.warn);
  } catch (error) {
    // The old one serves; its age is shown.
    if (!(error instanceof Later || error instanceof Refused)) console.warn("assignment", error);
  } finally {
    asking = false;
  }
}
