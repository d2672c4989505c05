/** What the operator looks for. The filter hides rows and says how many; the slot ignores it. */

import { computed, signal } from "@preact/signals";
import type { Alert, Severity } from "./contract";
import { categoryLabel, siteLabel, unitName } from "./format";
import { onForget, open, session } from "./state";

export interface Filter {
  text: string;
  /** Empty means every severity. */
  severities: readonly Severity[];
  mine: boolean;
}

const NONE: Filter = { text: "", severities: [], mine: false };

export const filter = signal<Filter>(NONE);
export const filterOpen = signal(false);
export const filtering = computed(() => filter.value !== NONE);

onForget(() => {
  filter.value = NONE;
  filterOpen.value = false;
});

/** The open alerts that the filter lets through. */
export const passing = computed(() => {
  const wanted = filter.value;
  return wanted === NONE ? open.value : open.value.filter((alert) => passes(alert, wanted));
});

/** What is hidden: how many, and how many of them must not be overlooked. */
export const hidden = computed(() => {
  const shown = new Set(passing.value);
  const away = open.value.filter((alert) => !shown.has(alert));
  const count = (severity: Severity) => away.filter((a) => a.severity === severity).length;
  return { all: away.length, kritis: count("kritis"), tinggi: count("tinggi") };
});

export function clearFilter(): void {
  filter.value = NONE;
}

export function setFilter(change: Partial<Filter>): void {
  const next = { ...filter.peek(), ...change };
  const empty = next.text === "" && next.severities.length === 0 && !next.mine;
  filter.value = empty ? NONE : next;
}

export function toggleSeverity(severity: Severity): void {
  const known = filter.peek().severities;
  const on = known.includes(severity);
  setFilter({ severities: on ? known.filter((s) => s !== severity) : [...known, severity] });
}

function passes(alert: Alert, wanted: Filter): boolean {
  if (wanted.severities.length > 0 && !wanted.severities.includes(alert.severity)) return false;
  if (wanted.mine && alert.owner?.actor !== session.value?.actor) return false;
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const text = words.length > 0 ? searchable(alert) : "";
  return words.every((word) => text.includes(word));
}

function searchable(alert: Alert): string {
  const crews = alert.dispatches.map((sent) => sent.crew);
  const texts = alert.parts.map((part) => part.text ?? "");
  return [
    `#${alert.number}`,
    categoryLabel(alert),
    siteLabel(alert),
    unitName(alert.unit),
    alert.owner?.name ?? "",
    ...crews,
    ...texts,
  ]
    .join(" ")
    .toLowerCase();
}
