/** One function per kind of request; every request ends by itself. */

import * as clock from "./clock";
import type { Alert, Command, Problem, Proof, Session, Verb, Ways } from "./contract";

const READ_TIMEOUT_MS = 10_000;
/** After this long without an answer the operator is told that it is not certain. */
const COMMAND_TIMEOUT_MS = 3_000;

const SESSION = "/v1/session";

let leaving = new AbortController();

/** Ends every request that is under way: what it brings is not the next person's. */
export function dropRequests(): void {
  leaving.abort();
  leaving = new AbortController();
}

/** The server said no, and why. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer, or one that says "later": asking again with the same key is safe. */
export class Unanswered extends Error {}

export function read<T>(path: string): Promise<T> {
  return request(path, { method: "GET" }, READ_TIMEOUT_MS).then((answer) => answer.json());
}

interface Page<T> {
  items: T[];
  next?: string | null;
}

/** A list to its end, however many pages it has. */
export async function readAll<T>(path: string): Promise<T[]> {
  let page = await read<Page<T>>(path);
  const items = page.items;
  while (page.next) {
    const rest = `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(page.next)}`;
    page = await read<Page<T>>(rest);
    items.push(...page.items);
  }
  return items;
}

/** The last large answer by its path; in memory alone, so that no session leaves it on a disk. */
const remembered = new Map<string, { tag: string; body: unknown }>();

/** Like `read`, but what did not change is neither sent nor parsed again: the same object returns. */
export async function readChanges<T>(path: string): Promise<T> {
  const known = remembered.get(path);
  const headers: Record<string, string> = known ? { "If-None-Match": known.tag } : {};
  const answer = await request(path, { method: "GET", headers }, READ_TIMEOUT_MS);
  if (answer.status === 304 && known) return known.body as T;
  const body = await answer.json();
  const tag = answer.headers.get("ETag");
  if (tag) remembered.set(path, { tag, body });
  return body;
}

export async function signIn(proof: Proof): Promise<void> {
  remembered.clear();
  await write("POST", SESSION, proof, READ_TIMEOUT_MS);
}

/** How one can sign in here; a server that does not say takes tokens alone. */
export async function waysIn(): Promise<Ways> {
  return read<Ways>(`${SESSION}/ways`).catch((error) => {
    if (error instanceof Refused) return { password: false, sso: null };
    throw error;
  });
}

export async function signOut(): Promise<void> {
  remembered.clear();
  await write("DELETE", SESSION, undefined, READ_TIMEOUT_MS);
}

export function whoAmI(): Promise<Session> {
  return read<Session>(SESSION);
}

export interface CommandAnswer {
  alert: Alert | null;
  awaitsSecond: boolean;
}

export async function command(id: string, verb: Verb, body: Command): Promise<CommandAnswer> {
  const path = `/v1/alerts/${encodeURIComponent(id)}/${verb}`;
  const answer = await write("POST", path, body, COMMAND_TIMEOUT_MS);
  const said = await answer.json();
  if (answer.status !== 202) return { alert: said, awaitsSecond: false };
  return { alert: said.alert ?? null, awaitsSecond: true };
}

/** A write outside the alerts: journal, handover, reports, tasks. The body carries its own key. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  const answer = await write("POST", path, body, COMMAND_TIMEOUT_MS);
  return answer.json();
}

/** `crypto.randomUUID` does not exist where the page came over plain HTTP from another machine. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function write(method: string, path: string, body: unknown, timeout: number): Promise<Response> {
  const headers: Record<string, string> = { "Ronda-Csrf": "1" };
  if (body === undefined) return request(path, { method, headers }, timeout);
  headers["Content-Type"] = "application/json";
  return request(path, { method, headers, body: JSON.stringify(body) }, timeout);
}

async function request(path: string, init: RequestInit, timeout: number): Promise<Response> {
  const signal = AbortSignal.any([AbortSignal.timeout(timeout), leaving.signal]);
  const answer = await fetch(path, { ...init, signal, cache: "no-store" }).catch((error) => {
    throw new Unanswered(String(error));
  });
  clock.hint(answer.headers.get("Date"));
  if (answer.ok || answer.status === 304) return answer;
  // Too many wrong passwords are told to whoever types them; any other 429 is tried again.
  const later = answer.status === 429 && path !== SESSION;
  if (answer.status >= 500 || later) throw new Unanswered(answer.statusText);
  throw new Refused(await problemOf(answer));
}

async function problemOf(answer: Response): Promise<Problem> {
  const bare = { status: answer.status, title: answer.statusText, detail: answer.statusText };
  const body = await answer.json().catch(() => ({}));
  return { ...bare, ...body, status: answer.status };
}
