/** What comes down to the phone: who took my report, orders, missed visits, nudges. */

import { computed, signal } from "@preact/signals";
import { getInbox, Later, Refused, Unusable } from "./api";
import { assignment } from "./assignment";
import { now } from "./clock";
import type { InboxItem, NudgeItem, OrderItem, ReportItem, Task, VisitItem } from "./contract";
import { keep, kept } from "./database";
import { duty } from "./duty";
import { change, type Item, items } from "./outbox";

const PAUSE_MS = 1_000;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 60_000;
const KEPT_FOR_MS = 48 * 3600_000;
const OPEN = new Set(["raised", "acknowledged", "dispatched", "arrived"]);

export const inbox = signal<{ after: string | null; items: InboxItem[] }>({
  after: null,
  items: [],
});

const of = <K extends InboxItem["kind"]>(kind: K) =>
  inbox.value.items.filter((item): item is Extract<InboxItem, { kind: K }> => item.kind === kind);

/** Orders to this crew whose alert is still open; the newest first. */
export const orders = computed<OrderItem[]>(() =>
  of("order")
    .filter((one) => OPEN.has(one.state))
    .sort((a, b) => b.order.at.localeCompare(a.order.at)),
);
export const visitNews = computed<Map<string, VisitItem>>(
  () => new Map(of("visit").map((one) => [one.id, one])),
);
/** Vulnerabilities and advices that are not done, as the newest word on each says. */
export const openTasks = computed<Task[]>(() => {
  const known = new Map(assignment.value?.data.tasks?.map((task) => [task.id, task]));
  for (const { task_kind, ...task } of of("task")) {
    if ((known.get(task.id)?.version ?? -1) <= task.version) {
      known.set(task.id, { ...task, kind: task_kind });
    }
  }
  return [...known.values()].filter((task) => task.state !== "done");
});
export const nudges = computed<NudgeItem[]>(() => of("nudge"));

let stop = new AbortController();

export async function loadInbox(): Promise<void> {
  inbox.value = (await kept("inbox")) ?? inbox.value;
}

/** Polls for as long as the page lives; while it is hidden, it rests. */
export function startListening(): void {
  // The page may have ended between an answer and what it says of my reports.
  void tellReports(of("report"));
  document.addEventListener("visibilitychange", again);
  addEventListener("online", again);
  void listen();
}

function again(): void {
  stop.abort();
}

/** For another crew from now on: what was said to it before counts too. */
export function listenAnew(): void {
  inbox.value = { ...inbox.value, after: null };
  again();
}

async function listen(): Promise<never> {
  let delay = FIRST_DELAY_MS;
  for (;;) {
    stop = new AbortController();
    try {
      if (document.visibilityState === "visible") {
        const { after } = inbox.value;
        const answer = await getInbox(after, duty.value?.crew ?? null, stop.signal);
        await take(answer.items, answer.cursor);
        delay = FIRST_DELAY_MS;
        await pause(PAUSE_MS, null);
        continue;
      }
    } catch (error) {
      // The server does not know the cursor any more: everything once again.
      if (error instanceof Unusable) inbox.value = { ...inbox.value, after: null };
      else if (!(error instanceof Later || error instanceof Refused)) console.warn("inbox", error);
    }
    if (!stop.signal.aborted) await pause(delay, stop.signal);
    // Back in the network, or on the screen: what waited is wanted now.
    delay = stop.signal.aborted ? FIRST_DELAY_MS : Math.min(LONGEST_DELAY_MS, delay * 2);
  }
}

function pause(ms: number, ended: AbortSignal | null): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    ended?.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}

async function take(fresh: InboxItem[], cursor: string): Promise<void> {
  const known = new Map(inbox.value.items.map((item) => [`${item.kind} ${item.id}`, item]));
  for (const item of fresh) {
    const key = `${item.kind} ${item.id}`;
    if ((known.get(key)?.version ?? -1) <= item.version) known.set(key, item);
  }
  const since = now() - KEPT_FOR_MS;
  const kept = [...known.values()].filter((item) => Date.parse(item.at) > since);
  const next = { after: cursor, items: kept };
  inbox.value = next;
  // The cursor is stored with the items or not at all; a full phone hears all of it again.
  await keep("inbox", next).catch(console.warn);
  await tellReports(fresh.filter((item) => item.kind === "report"));
}

/** Brings what the post says of my reports to the events in the queue. */
async function tellReports(reports: ReportItem[]): Promise<void> {
  const mine = new Set(items.value.map((item) => item.id));
  const changes = new Map<string, Partial<Item>>();
  for (const report of reports) {
    for (const id of report.reports) if (mine.has(id)) changes.set(id, told(report));
  }
  await change(changes);
}

function told(report: ReportItem): Partial<Item> {
  const { owner } = report;
  const crew = report.crews.findLast((one) => !one.declined_at);
  const ended = report.state === "resolved" || report.state === "closed";
  const kind = crew?.arrived_at ? "arrived" : crew?.en_route_at ? "en_route" : "dispatched";
  const progress: Item["progress"] = ended
    ? { kind: "resolved" }
    : crew && { kind, crew: crew.crew };
  return {
    postedAt: Date.parse(report.at),
    ...(owner ? { read: { name: owner.name, at: Date.parse(owner.at) } } : {}),
    ...(progress ? { progress } : {}),
  };
}
