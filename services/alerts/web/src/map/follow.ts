/** Whether the map goes to where something grave begins: off until it is wanted. */

import { effect, signal } from "@preact/signals";
import type { Alert } from "../contract";
import { remember, remembered } from "../kept";
import { isGrave, mostUrgent, needsTaking } from "../order";
import { alertsLoad, isWall, open } from "../state";

const KEPT = "ronda.follow";

export const following = signal(remembered(KEPT) === "on");

effect(() => remember(KEPT, following.value ? "on" : "off"));

/** Shows what nobody has and what was not there before, the most urgent of it; on no wall, where
 * nobody could switch it off. The returned function ends it. */
export function followNews(show: (alert: Alert) => void): () => void {
  let known: Set<string> | null = null;
  return effect(() => {
    if (isWall || alertsLoad.value !== "ready") return;
    const grave = open.value.filter((alert) => needsTaking(alert) && isGrave(alert));
    const news = mostUrgent(grave.filter((alert) => known !== null && !known.has(alert.id)));
    known = new Set(grave.map((alert) => alert.id));
    if (news && following.peek()) show(news);
  });
}
