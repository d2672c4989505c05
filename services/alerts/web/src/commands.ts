/** Commands: the server decides, one idempotency key until it has answered. */

import { announce } from "./announce";
import { command, type CommandAnswer, newKey, Refused, Unanswered } from "./api";
import type { Alert, Command, Verb } from "./contract";
import { clockTime } from "./format";
import { jot } from "./journal";
import { language, t } from "./language";
import { refetch, sessionEnded } from "./live";
import { mark, offerUndo, pending, setPending, unmark } from "./marks";
import { needsTaking } from "./order";
import { open, putAlert, session, urgent } from "./state";

const PAUSES_MS = [1_000, 2_000, 5_000];
const GIVE_UP_MS = 60_000;

export type Details = Omit<Command, "version" | "key">;

/** Keys of commands that were never answered: pressing again must not do the thing twice. */
const unansweredKeys = new Map<string, string>();

/** Does it, or shows why not; true when the server did it (or waits for a second person). */
export async function perform(alert: Alert, verb: Verb, details: Details = {}): Promise<boolean> {
  if (pending.peek().has(alert.id)) return false;
  setPending(alert.id, verb);
  unmark(alert.id);
  try {
    return await attempt(alert, verb, details);
  } finally {
    setPending(alert.id, null);
  }
}

async function attempt(alert: Alert, verb: Verb, details: Details, again = true): Promise<boolean> {
  try {
    settle(alert.id, await answered(alert, verb, details));
    if (verb === "merge" || verb === "split") offerUndo(alert.id);
    return true;
  } catch (error) {
    if (error instanceof Unanswered) {
      say(alert.id, "refused", `${t("c.gaveup")} ${t("conn.radio")}`);
      return false;
    }
    if (!(error instanceof Refused)) throw error;
    if (error.problem.status === 401) return (sessionEnded(), false);
    const newest = await refetch(alert.id);
    // A climb or a new report in the same second is no reason to refuse a taker.
    if (again && newest && lostToNobody(error, verb, alert, newest)) {
      return attempt(newest, verb, details, false);
    }
    explain(alert.id, verb, error);
    return false;
  }
}

function settle(id: string, { alert, awaitsSecond }: CommandAnswer): void {
  unmark(id);
  if (alert) putAlert(alert);
  else void refetch(id);
  if (awaitsSecond) say(id, "waiting", t("s.second"));
  else if (alert) announce(t(`state.${alert.state}`));
}

function lostToNobody(error: Refused, verb: Verb, old: Alert, newest: Alert): boolean {
  const { status } = error.problem;
  return (
    status === 409 && verb === "acknowledge" && needsTaking(newest) && newest.version > old.version
  );
}

function explain(id: string, verb: Verb, error: Refused): void {
  const { status, detail, extra } = error.problem;
  if (status !== 409 || !extra?.name) {
    const reason = language.value === "id" ? (extra?.id ?? detail) : detail;
    return say(id, "refused", t("a.refused", { reason }));
  }
  const values = { name: extra.name, time: extra.at ? clockTime(extra.at) : "" };
  say(id, "conflict", t(verb === "acknowledge" ? "s.conflict" : "s.changed", values).trim());
}

/** Asks until there is an answer; raises `Refused`, or `Unanswered` after a minute. */
async function answered(alert: Alert, verb: Verb, details: Details): Promise<CommandAnswer> {
  const name = JSON.stringify([alert.id, verb, alert.version, details]);
  const key = unansweredKeys.get(name) ?? newKey();
  unansweredKeys.set(name, key);
  const body = { version: alert.version, key, ...details };
  const giveUpAt = performance.now() + GIVE_UP_MS;
  const me = session.peek();
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await command(alert.id, verb, body);
      unansweredKeys.delete(name);
      return answer;
    } catch (error) {
      if (error instanceof Refused) unansweredKeys.delete(name);
      const isMine = session.peek() === me; // nothing is done in the next person's name
      if (!(error instanceof Unanswered) || !isMine || performance.now() > giveUpAt) throw error;
      if (tries === 0) say(alert.id, "unsure", t("c.unsure"));
    }
    await pause(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] ?? 0);
    if (session.peek() !== me) throw new Unanswered("the session is over");
  }
}

/** Asks for a second operator in a flood, with the most urgent alert as the reason. */
export async function callSecond(): Promise<void> {
  const alert = urgent.peek() ?? open.peek()[0];
  if (!alert || !(await perform(alert, "call"))) return;
  announce(t("s.calledsecond"));
  jot({ text: t("s.calledsecond"), kind: "note" });
}

function say(id: string, kind: "conflict" | "unsure" | "refused" | "waiting", text: string): void {
  mark(id, { kind, text });
  announce(text);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
