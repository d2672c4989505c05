/** One function per kind of request; every request ends by itself. */

import { signal } from "@preact/signals";
import { heardDate, heardNow, now, written } from "./clock";
import type { Assignment, Enrolment, Inbox, Problem } from "./contract";
import { keep, kept } from "./database";
import { identity, publicKey, signature } from "./identity";
import { type Photo, type Shift, shift } from "./outbox";

const TIMEOUT_MS = 20_000;
const PHOTO_TIMEOUT_MS = 60_000;
const LONG_POLL_S = 25;
const RENEW_BEFORE_MS = 120_000;
/** Answers to a shift whose person the plan does not know here. */
const NOT_HERE = new Set(["unknown_person", "other_unit"]);
/** Answers after which only a new enrolment helps. */
const NOT_ENROLLED = new Set(["revoked", "unknown_device", "bad_signature"]);

/** What the last answer, or its absence, says about the way to the server. */
export type Connection = "unknown" | "ok" | "offline" | "waiting" | "revoked";
export const connection = signal<Connection>("unknown");

/** No answer, or one that says "later". `status` is null where nothing came. */
export class Later extends Error {
  constructor(
    message: string,
    readonly status: number | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
  }
}

export class TooLarge extends Error {
  readonly code = "too_large";
}

/** The server can make nothing of this, and never will. */
export class Unusable extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

/** The server does not let this phone do that, now or for good; `code` says why. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly problem: Problem,
  ) {
    super(message);
  }
}

export interface Token {
  token: string;
  expires_at: string;
}

export interface Outcome {
  id: string | null;
  status: "accepted" | "rejected";
  reason?: string;
  code?: string;
}

/** By the shift that they are for; none outlives a quarter of an hour. */
export type Tokens = Record<string, Token>;

let tokens: Tokens | undefined;
const renewing = new Map<string, Promise<Token>>();

/** The server does not let the shift's person stand for this phone; its owner does meanwhile. */
export const holderRefused = signal(false);

export async function enrol(code: string, keys: CryptoKeyPair): Promise<Enrolment> {
  const body = JSON.stringify({ code, key: await publicKey(keys), label: model() });
  const askedAt = Date.now();
  const answer = await post("/v1/enrolments", body, {});
  const said = await answer.json();
  heardNow(said.now, askedAt);
  return said;
}

function model(): string {
  const found = /\(([^)]*)\)/.exec(navigator.userAgent)?.[1] ?? navigator.platform;
  return found.slice(0, 80);
}

/** By id, in the name of a shift. Raises `Later`, `TooLarge` or `Unusable` for the whole batch. */
export async function postEvents(
  texts: string[],
  by: number,
  of: Shift | null,
): Promise<Map<string, Outcome>> {
  const headers = { "Ronda-Sent-At": written(Date.now() + by) };
  const ask = (bearer: Record<string, string>) =>
    post("/v1/events", `[${texts.join(",")}]`, { ...headers, ...bearer });
  const answer = await authorized(ask, of);
  const { results } = (await body(answer)) as { results?: Outcome[] };
  return new Map((results ?? []).flatMap((one) => (one.id ? [[one.id, one]] : [])));
}

export async function putPhoto(photo: Photo): Promise<void> {
  await authorized((bearer) =>
    request(`/v1/media/${photo.sha256}`, {
      method: "PUT",
      headers: { ...bearer, "Content-Type": photo.blob.type },
      body: photo.blob,
      signal: AbortSignal.timeout(PHOTO_TIMEOUT_MS),
    }),
  );
}

/** A crew that the plan does not give to this unit is a name on the duty, and nothing to ask for. */
async function ofCrew<T>(crew: string | null, ask: (crew: string | null) => Promise<T>) {
  try {
    return await ask(crew);
  } catch (error) {
    const foreign = error instanceof Refused && error.problem.status === 403;
    if (crew === null || !foreign) throw error;
  }
  return ask(null);
}

/** Null when the one with this tag is still the present one. */
export function getAssignment(crew: string | null, etag: string | null) {
  return ofCrew(crew, (asked) => assignmentOf(asked, etag));
}

async function assignmentOf(crew: string | null, etag: string | null) {
  const query = crew ? `?crew=${encodeURIComponent(crew)}` : "";
  const headers = etag ? { "If-None-Match": etag } : {};
  const answer = await authorized((bearer) =>
    get(`/v1/assignment${query}`, { ...headers, ...bearer }, AbortSignal.timeout(TIMEOUT_MS)),
  );
  if (answer.status === 304) return null;
  return { data: (await body(answer)) as Assignment, etag: answer.headers.get("ETag") };
}

export function getInbox(after: string | null, crew: string | null, stop: AbortSignal) {
  return ofCrew(crew, (asked) => inboxOf(after, asked, stop));
}

async function inboxOf(after: string | null, crew: string | null, stop: AbortSignal) {
  const query = new URLSearchParams({ wait: String(after === null ? 0 : LONG_POLL_S) });
  if (after !== null) query.set("after", after);
  if (crew !== null) query.set("crew", crew);
  const ends = either(stop, AbortSignal.timeout(LONG_POLL_S * 1000 + TIMEOUT_MS));
  const answer = await authorized((bearer) => get(`/v1/inbox?${query}`, bearer, ends));
  return (await body(answer)) as Inbox;
}

/** Ends with the first of them: `AbortSignal.any`, which phones of 2022 do not have. */
function either(...signals: AbortSignal[]): AbortSignal {
  const first = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) first.abort(signal.reason);
    signal.addEventListener("abort", () => first.abort(signal.reason));
  }
  return first.signal;
}

/** Asks with a token; an answer 401 gets one new token and is asked once again. */
async function authorized(
  ask: (bearer: Record<string, string>) => Promise<Response>,
  of: Shift | null = shift.value,
) {
  try {
    return await ask(await bearer(of));
  } catch (error) {
    if (!(error instanceof Refused && error.problem.status === 401)) throw error;
    if (error.code === "revoked") throw error;
    delete tokens?.[nameOf(of)];
  }
  return ask(await bearer(of));
}

function nameOf(of: Shift | null): string {
  return of ? `${of.person} ${of.from}` : "own";
}

async function bearer(of: Shift | null): Promise<Record<string, string>> {
  tokens ??= (await kept("tokens")) ?? {};
  const name = nameOf(of);
  const known = tokens[name];
  if (known && isFresh(known)) return { Authorization: `Bearer ${known.token}` };
  const under = renewing.get(name) ?? renewed(of).finally(() => renewing.delete(name));
  renewing.set(name, under);
  const fresh = await under;
  const others = Object.entries(tokens).filter(([, one]) => isFresh(one));
  tokens = { ...Object.fromEntries(others), [name]: fresh };
  await keep("tokens", tokens).catch(() => undefined); // a full phone asks again after a restart
  return { Authorization: `Bearer ${fresh.token}` };
}

function isFresh(token: Token): boolean {
  return Date.parse(token.expires_at) - now() > RENEW_BEFORE_MS;
}

async function renewed(of: Shift | null): Promise<Token> {
  try {
    const made = await withRightClock(of);
    if (of) holderRefused.value = false;
    return made;
  } catch (error) {
    if (!(of && error instanceof Refused && NOT_HERE.has(error.code))) throw error;
  }
  // Sending must go on: it counts for the phone's owner until the post knows better.
  holderRefused.value = true;
  return withRightClock(null);
}

async function withRightClock(of: Shift | null): Promise<Token> {
  try {
    return await asked(of);
  } catch (error) {
    if (!(error instanceof Refused && error.code === "clock")) throw error;
    heardNow(error.problem.extra?.now, Date.now());
  }
  return asked(of);
}

async function asked(of: Shift | null): Promise<Token> {
  const me = identity.value;
  if (!me) throw new Later("this phone is not enrolled");
  const who = of ? { shift: { person: of.person, from: of.from } } : {};
  const claim = { at: written(now()), device: me.device, ...who };
  const signed = await signature({ ...claim, purpose: "ronda.token" }, me.keys);
  const askedAt = Date.now();
  const sent = JSON.stringify({ ...claim, signature: signed });
  const said = await (await post("/v1/tokens", sent, {})).json();
  heardNow(said.now, askedAt);
  return { token: said.token, expires_at: said.expires_at };
}

function post(path: string, sent: string, headers: Record<string, string>): Promise<Response> {
  return request(path, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: sent,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

function get(path: string, headers: Record<string, string>, signal: AbortSignal) {
  return request(path, { headers, signal });
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const askedAt = Date.now();
  const answer = await fetch(path, { ...init, cache: "no-store" }).catch((error: unknown) => {
    if (!init.signal?.aborted || isTimeout(init.signal)) connection.value = "offline";
    throw new Later(String(error));
  });
  heardDate(answer.headers.get("Date"), askedAt);
  if (answer.ok || answer.status === 304) {
    connection.value = "ok";
    return answer;
  }
  throw refusal(answer, await problemOf(answer));
}

function isTimeout(signal: AbortSignal): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
}

function refusal(answer: Response, problem: Problem): Error {
  const { status } = answer;
  const detail = problem.detail ?? answer.statusText;
  if (status >= 500 || status === 429 || status === 408) {
    connection.value = "waiting";
    return new Later(detail, status, Number(answer.headers.get("Retry-After")) || null);
  }
  connection.value = NOT_ENROLLED.has(problem.extra?.code ?? "") ? "revoked" : "ok";
  if (status === 413) return new TooLarge(detail);
  if (status === 400 || status === 415) {
    return new Unusable(detail, problem.extra?.code ?? "undecodable");
  }
  return new Refused(detail, problem.extra?.code ?? "", problem);
}

async function problemOf(answer: Response): Promise<Problem> {
  const said = await answer.json().catch(() => ({}));
  return { ...said, status: answer.status };
}

/** A reply that breaks off half-way is no reply. */
async function body(answer: Response): Promise<unknown> {
  return answer.json().catch((error: unknown) => {
    throw new Later(String(error));
  });
}
