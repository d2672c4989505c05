/** The round: which visits are due, and what became of each. */

import { computed } from "@preact/signals";
import { assignment } from "./assignment";
import { seconds } from "./clock";
import type { Target } from "./contract";
import { duty } from "./duty";
import { shortTime } from "./format";
import { visitNews } from "./inbox";
import { t } from "./language";
import { visit, visits } from "./visit";

const BEHIND_MS = 8 * 3600_000;
const AHEAD_MS = 14 * 3600_000;
/** Of duty's start, the windows that were open a little before it. */
const BEFORE_DUTY_MS = 3600_000;

export type Stage = "open" | "notyet" | "due" | "risk" | "over" | "missed" | "done" | "late";

export interface Stop {
  target: Target;
  stage: Stage;
  /** When it was visited. */
  at: number | null;
}

/** Nothing to go to first; a late visit to what was missed is still made from the list. */
const ENDED: ReadonlySet<Stage> = new Set(["done", "late", "missed", "over"]);

const mine = computed<Target[]>(() => {
  const data = assignment.value?.data;
  if (!data) return [];
  const crew = duty.value?.crew ?? null;
  const moment = Math.floor(seconds.value / 60_000) * 60_000;
  const from = duty.value ? duty.value.startedAt - BEFORE_DUTY_MS : moment - BEHIND_MS;
  return data.targets
    .filter((one) => crew === null || one.crew === null || one.crew === crew)
    .filter((one) => Date.parse(one.grace_until) > from)
    .filter((one) => Date.parse(one.opens_at) < moment + AHEAD_MS)
    .sort((a, b) => a.due_at.localeCompare(b.due_at));
});

export const round = computed<Stop[]>(() => mine.value.map(stopOf));
/** The one to go to now: what is due comes before what is not yet. */
export const next = computed<Stop | null>(() => {
  const left = round.value.filter((one) => !ENDED.has(one.stage));
  return left.find((one) => one.stage !== "notyet") ?? left[0] ?? null;
});
export const visited = computed(
  () => round.value.filter((one) => one.stage === "done" || one.stage === "late").length,
);

/** The end that counts now: when it is due, and after that the end of its grace. */
function endOf({ target, stage }: Stop): string {
  return stage === "risk" ? target.grace_until : target.due_at;
}

/** 21.00–21.30 */
export function windowOf(stop: Stop): string {
  return `${shortTime(stop.target.opens_at)}–${shortTime(endOf(stop))}`;
}

/** What the clock says of the window: how long until it opens, is due, or is over. */
export function left(stop: Stop): string {
  const minutes = (to: string) =>
    Math.max(0, Math.ceil((Date.parse(to) - seconds.value) / 60_000));
  if (stop.stage === "notyet") return t("t.opens", { min: minutes(stop.target.opens_at) });
  const time = t("t.left", { min: minutes(endOf(stop)) });
  return stop.stage === "risk" ? `${t("t.risk")} · ${time}` : time;
}

/** The target that a visit of this moment belongs to: the open window, else the nearest one. */
export function targetFor(site: string, at: number): Target | undefined {
  const here = (assignment.value?.data.targets ?? []).filter((one) => one.site === site);
  const away = (one: Target) => Math.abs(Date.parse(one.due_at) - at);
  return (
    here.find((one) => isWithin(one, at)) ?? here.sort((a, b) => away(a) - away(b))[0] ?? undefined
  );
}

function isWithin(target: Target, at: number): boolean {
  return Date.parse(target.opens_at) <= at && at <= Date.parse(target.grace_until);
}

function stopOf(target: Target): Stop {
  const own = [...visits.value, ...(visit.value ? [visit.value] : [])].filter(
    (one) => one.site === target.site && targetFor(one.site, one.at)?.id === target.id,
  )[0];
  const news = visitNews.value.get(target.id);
  const stage = own && own.id === visit.value?.id ? "open" : stageOf(target, own?.at ?? null, news?.state);
  const heard = news?.visited_at ? Date.parse(news.visited_at) : null;
  return { target, stage, at: own?.at ?? heard };
}

function stageOf(target: Target, at: number | null, state: string | undefined): Stage {
  if (at !== null) return at > Date.parse(target.grace_until) ? "late" : "done";
  if (state === "done") return "done";
  if (state === "recovered") return "late";
  if (state === "missed") return "missed";
  const moment = seconds.value;
  if (moment < Date.parse(target.opens_at)) return "notyet";
  if (moment > Date.parse(target.grace_until)) return "over";
  return moment <= Date.parse(target.due_at) ? "due" : "risk";
}
