/** The queue as it should stand now: filtered, in order, folded. `stillness` decides when to show it. */

import { computed, signal } from "@preact/signals";
import type { Alert } from "./contract";
import { passing } from "./filter";
import { flood } from "./flood";
import { folded } from "./fold";
import { arrange } from "./order";
import { onForget, sites, situation } from "./state";

/** From so many open alerts on, the low ones share rows. */
const MANY = 100;

export const opened = signal<ReadonlySet<string>>(new Set());

onForget(() => (opened.value = new Set()));

const districts = computed(() => new Map(sites.value.map((site) => [site.id, site.district])));
const families = computed(
  () => new Map((situation.value?.categories ?? []).map((row) => [row.id, row.family ?? row.id])),
);

/** The district of its site, else the unit that it belongs to. */
export function districtOf(alert: Alert): string {
  return districts.value.get(alert.site ?? "") ?? alert.unit;
}

export const order = computed(() => {
  const folding = {
    flood: flood.value,
    many: passing.value.length >= MANY,
    opened: opened.value,
    districtOf,
    familyOf: (alert: Alert) => families.value.get(alert.category) ?? alert.category,
  };
  return arrange(passing.value, (alerts) => folded(alerts, folding));
});

export function unfold(head: string, open: boolean): void {
  const next = new Set(opened.peek());
  if (open) next.add(head);
  else next.delete(head);
  opened.value = next;
}
