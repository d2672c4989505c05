/** Keeps the board's state true: lists when a connection opens, then what the stream says. */

import { effect } from "@preact/signals";
import { dropRequests, read, readAll, readChanges, Refused } from "./api";
import { announceAlert } from "./announce";
import * as clock from "./clock";
import type {
  Alert,
  Backup,
  ClockMessage,
  Coverage,
  Crew,
  Site,
  Situation,
  SituationChange,
} from "./contract";
import { follow, type Message } from "./feed";
import { clockTime } from "./format";
import { jot } from "./journal";
import { t } from "./language";
import { needsTaking } from "./order";
import { markChanged, noteRemoteChange } from "./marks";
import type { Task } from "./panels/contract";
import { type Presence, takePresence } from "./panels/presence";
import { putTask, takeTasks } from "./panels/tasks";
import * as state from "./state";

const POLL_MS = 30_000;
const RETRIES_MS = [1_000, 2_000, 5_000, 10_000];
const FOLLOWS_MS = [200, 300, 500, 1_000, 2_000, 4_000];
const SETTLE_MS = 2_000;
/** While events pour in; a thousand viewers ask for these lists too. */
const LOOK_EVERY_MS = 10_000;
/** A message of the stream is called by the first word of its event's type. After these the lists
 * around the alerts may be others. */
const CHANGES = new Set(["alert", "visit", "risk", "presence", "sequence"]);
const TASKS = new Set(["task", "vulnerability", "advice"]);

interface Items<T> {
  items: T[];
}

/** For each list that is on its way, what the stream has brought since it was asked for. */
const heardSince = new Set<Set<string>>();
/** A list that was asked for before the last opening of the stream is not enough. */
let openings = 0;
let stopping: (() => void) | null = null;
let soon: ReturnType<typeof setTimeout> | undefined;
let lookedAt = -LOOK_EVERY_MS;

/** Back to the login form because the server no longer knows the session. */
export function sessionEnded(): void {
  const time = clockTime(clock.seconds.peek());
  stop();
  state.forget();
  state.loginNote.value = t(state.isWall ? "login.wallended" : "login.ended", { time });
  state.endedAlone.value = true;
}

export function start(): void {
  stop();
  const stopClock = clock.start();
  const poll = setInterval(() => void Promise.all([loadSituation(), look(), loadSlowly()]), POLL_MS);
  const stopCounting = effect(countBlindness());
  const stopFeed = follow("/v1/stream", {
    opened: () => void loadAll(),
    message: take,
    failed: () => (clock.broken.value = true),
    ended: sessionEnded,
  });
  stopping = () => {
    clearInterval(poll);
    clearTimeout(soon);
    soon = undefined;
    stopClock();
    stopCounting();
    stopFeed();
  };
}

export function stop(): void {
  openings += 1;
  dropRequests();
  stopping?.();
  stopping = null;
}

function take(message: Message): void {
  const body = JSON.parse(message.data);
  if (message.event === "clock") clock.heard(body as ClockMessage);
  if (message.event === "alert") takeAlert(body.data as Alert);
  if (TASKS.has(message.event)) putTask(body.data as Task);
  if (CHANGES.has(message.event)) lookSoon();
}

function takeAlert(alert: Alert): void {
  const before = state.alerts.peek().get(alert.id);
  for (const heard of heardSince) heard.add(alert.id);
  if (!state.putAlert(alert)) return;
  if (before && before.state !== alert.state) noteRemoteChange(alert.id);
  if (needsTaking(alert) && !(before && needsTaking(before))) announceAlert(alert);
}

/** Everything at once; the rows wait for the situation, because its labels name them. */
export async function loadAll(): Promise<void> {
  const named = loadSituation();
  await Promise.all([loadAlerts(named), look(), loadSlowly()]);
}

async function loadSituation(): Promise<void> {
  try {
    state.situation.value = await read<Situation>("/v1/situation");
  } catch (error) {
    ended(error); // without it the words of the events are shown
  }
}

/** Until what was changed holds: a change goes round by Kafka, mostly within a second. */
export async function followSituation(at: string, changes: SituationChange[]): Promise<void> {
  for (const wait of FOLLOWS_MS) {
    await pause(wait);
    await loadSituation();
    if (changes.every((change) => isDone(change, at))) break;
  }
  await look();
}

function isDone(change: SituationChange, at: string): boolean {
  const live = state.situation
    .peek()
    ?.overrides?.find((each) => isSameMatter(each.change, change));
  if (!change.value) return live === undefined;
  return live !== undefined && Date.parse(live.since) >= Date.parse(at);
}

function isSameMatter(one: SituationChange, other: SituationChange): boolean {
  return one.what === other.what && (one.of ?? null) === (other.of ?? null);
}

/**
 * Asks until a list has come; until then the board is not live. The stream's `reset` needs nothing
 * more: it only ever comes first, and each opening asks for the list anyhow.
 */
async function loadAlerts(named: Promise<void>): Promise<void> {
  const opening = (openings += 1);
  clock.missingSince.value ??= performance.now();
  for (let tries = 0; opening === openings; tries += 1) {
    if (await tookAlerts(named, opening)) {
      clock.missingSince.value = null;
      return refetchSelected();
    }
    await pause(RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)] ?? 0);
  }
}

async function tookAlerts(named: Promise<void>, opening: number): Promise<boolean> {
  const returning = state.alertsLoad.peek() === "ready";
  const heard = new Set<string>();
  heardSince.add(heard);
  try {
    const list = await readAll<Alert>("/v1/alerts?state=open");
    await named;
    if (opening !== openings) return false;
    const changed = state.takeList(list, heard);
    state.alertsLoad.value = "ready";
    if (returning) {
      markChanged(changed);
      changed.forEach(noteRemoteChange);
    }
    return true;
  } catch (error) {
    if (!ended(error) && opening === openings && !returning) state.alertsLoad.value = "failed";
    return false;
  } finally {
    heardSince.delete(heard);
  }
}

/** The selected alert may have been closed while the stream was away. */
async function refetchSelected(): Promise<void> {
  const id = state.selectedId.peek();
  if (id !== null && !state.alerts.peek().has(id)) await refetch(id);
}

export async function refetch(id: string): Promise<Alert | null> {
  try {
    const alert = await read<Alert>(`/v1/alerts/${encodeURIComponent(id)}`);
    state.putAlert(alert);
    return alert;
  } catch (error) {
    ended(error);
    return null;
  }
}

/** Without an answer the tasks that are known stay. */
async function loadSlowly(): Promise<void> {
  try {
    takeTasks((await read<Items<Task>>("/v1/tasks?state=open")).items);
  } catch (error) {
    ended(error);
  }
}

/** Without an answer there are no figures: old ones would look like today's. */
async function loadCoverage(): Promise<void> {
  try {
    state.dayCoverage.value = await read<Coverage>("/v1/coverage");
  } catch (error) {
    if (!ended(error)) state.dayCoverage.value = null;
  }
}

/** What stands around the alerts. */
async function look(): Promise<void> {
  await Promise.all([loadAround(), loadCoverage(), loadPresence()]);
}

async function loadPresence(): Promise<void> {
  try {
    takePresence(await read<Presence>("/v1/presence"));
  } catch (error) {
    ended(error); // what is known stays
  }
}

/** Sites with their visits, and crews: they have no message of their own on the stream. */
async function loadAround(): Promise<void> {
  try {
    const [sites, crews] = await Promise.all([
      readChanges<Items<Site>>("/v1/sites"),
      read<Items<Crew>>("/v1/units"),
    ]);
    state.takeSites(sites.items);
    state.crews.value = crews.items;
    state.sitesLoad.value = "ready";
  } catch (error) {
    if (ended(error)) return;
    if (state.sitesLoad.peek() !== "ready") state.sitesLoad.value = "failed";
  }
}

export async function loadCrews(): Promise<void> {
  try {
    state.crews.value = (await read<Items<Crew>>("/v1/units")).items;
  } catch (error) {
    ended(error); // the crews that are known stay, with the age of their positions
  }
}

/** Null where the service does not answer: then the crews are ordered here. */
export async function loadBackup(id: string): Promise<Backup | null> {
  try {
    return await read<Backup>(`/v1/alerts/${encodeURIComponent(id)}/recommendations`);
  } catch (error) {
    ended(error);
    return null;
  }
}

/** An event usually changes a site or a crew too; many events cause one look. */
function lookSoon(): void {
  const rest = lookedAt + LOOK_EVERY_MS - performance.now();
  soon ??= setTimeout(
    () => {
      soon = undefined;
      lookedAt = performance.now();
      void look();
    },
    Math.max(SETTLE_MS, rest),
  );
}

/** How long the screen heard nothing goes into the journal once it sees again; a blink does not. */
function countBlindness(): () => void {
  let since: number | null = null;
  return () => {
    if (clock.freshness.value === "lost") {
      since ??= performance.now() - clock.behind.peek() * 1000;
    } else if (since !== null) {
      const seconds = Math.round((performance.now() - since) / 1000);
      since = null;
      if (seconds >= clock.LOST_AFTER_S) jot({ text: t("conn.wasblind"), kind: "blind", seconds });
    }
  };
}

function ended(error: unknown): boolean {
  if (state.session.peek() === null) return true;
  const gone = error instanceof Refused && error.problem.status === 401;
  if (gone) sessionEnded();
  return gone;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
