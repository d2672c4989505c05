/** One function per kind of request; every request ends by itself. */

import * as clock from "./clock";
import type { Alert, Command, Problem, Session, Verb } from "./contract";

const READ_TIMEOUT_MS = 10_000;
/** After this long without an answer the operator is told that it is not certain. */
const COMMAND_TIMEOUT_MS = 3_000;

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

export async function signIn(token: string): Promise<void> {
  await write("POST", "/v1/session", { token }, READ_TIMEOUT_MS);
}

export async function signOut(): Promise<void> {
  await write("DELETE", "/v1/session", undefined, READ_TIMEOUT_MS);
}

export function whoAmI(): Promise<Session> {
  return read<Session>("/v1/session");
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

function write(method: string, path: string, body: unknown, timeout: number): Promise<Response> {
  const headers: Record<string, string> = { "Ronda-Csrf": "1" };
  if (body === undefined) return request(path, { method, headers }, timeout);
  headers["Content-Type"] = "application/json";
  return request(path, { method, headers, body: JSON.stringify(body) }, timeout);
}

async function request(path: string, init: RequestInit, timeout: number): Promise<Response> {
  const signal = AbortSignal.timeout(timeout);
  const answer = await fetch(path, { ...init, signal, cache: "no-store" }).catch((error) => {
    throw new Unanswered(String(error));
  });
  clock.hint(answer.headers.get("Date"));
  if (answer.ok) return answer;
  if (answer.status >= 500 || answer.status === 429) throw new Unanswered(answer.statusText);
  throw new Refused(await problemOf(answer));
}

async function problemOf(answer: Response): Promise<Problem> {
  const bare = { status: answer.status, title: answer.statusText, detail: answer.statusText };
  const body = await answer.json().catch(() => ({}));
  return { ...bare, ...body, status: answer.status };
}
