/** A visit from check-in to check-out. The draft is stored on each change, so a kill costs nothing. */

import { signal } from "@preact/signals";
import { assignment, siteType, sites } from "./assignment";
import { now, written } from "./clock";
import type { ChecklistItem, Site, TaskLine } from "./contract";
import { database, drop, keep, kept } from "./database";
import { duty } from "./duty";
import { identity } from "./identity";
import { newId } from "./ids";
import { openTasks } from "./inbox";
import { readable } from "./language";
import { type Draft, type Photo, write } from "./outbox";
import { asData, fix, metresTo } from "./position";
import { targetFor } from "./targets";

export type Method = "qr" | "nfc" | "gps" | "manual";
export type Answer = "good" | "bad" | "unseen";
export type Situation = "aman" | "waspada" | "gangguan";

export interface Weakness {
  id: string;
  kind: string;
  text: string;
  owner: string;
  /** Corrected milliseconds. */
  dueAt: number;
  photos: string[];
}

/** Until when a vulnerability may be mended. */
export const HOURS = ["6", "24", "72"] as const;

/** A vulnerability that is being written. */
export interface WeaknessForm {
  kind: string;
  text: string;
  owner: string;
  hours: (typeof HOURS)[number];
}

export interface Visit {
  /** The id of its check-in. */
  id: string;
  site: string;
  siteName: string;
  method: Method;
  at: number;
  /** By this phone's own clock: the dwell must not jump when the correction does. */
  startedHere: number;
  crew: string | null;
  people: number;
  /** Who led it, by which order, and in which phase of the election. */
  leader: string;
  order: string;
  phase: string | null;
  distance: number | null;
  accuracy: number | null;
  radius: number | null;
  leastDwell: number;
  checklist: ChecklistItem[];
  answers: Record<string, { answer: Answer; remark?: string }>;
  guards: number | null;
  /** How many there should be, where the plan says it. */
  guardsExpected?: number | undefined;
  dialogue: string;
  advice: boolean;
  weaknesses: Weakness[];
  weaknessForm?: WeaknessForm | undefined;
  situation: Situation | null;
  photos: string[];
  /** `incomplete`: the crew left it open. */
  finished?: { at: number; dwell: number; id: string; incomplete?: true };
  /** When its answers were corrected last. */
  correctedAt?: number;
}

export const visit = signal<Visit | null>(null);
/** The finished visits that this phone remembers, the newest last. */
export const visits = signal<Visit[]>([]);

/** When the open visit began, by this page's own clock, which nobody can set. */
let began = 0;

const REMEMBERED_MS = 36 * 3600_000;
/** How a line names the task that it asks about: this and the task's id. */
const ASKED_AS = "task:";
/** A check-out holds 100 answers; what is due first is asked first. */
const MOST_TASKS = 40;

export async function loadVisits(): Promise<void> {
  visit.value = (await kept("visit")) ?? null;
  if (visit.value) began = performance.now() - Math.max(0, Date.now() - visit.value.startedHere);
  const open = await database();
  const all = await open.getAll("visits");
  const recent = all.filter((one) => one.at > now() - REMEMBERED_MS);
  for (const old of all) if (!recent.includes(old)) await open.delete("visits", old.id);
  visits.value = recent.sort((a, b) => a.at - b.at);
}

export async function checkIn(site: string, method: Method, code?: string): Promise<void> {
  const opened = newVisit(site, method);
  const data = {
    method,
    crew: opened.crew ?? undefined,
    people: opened.people || undefined,
    position: asData(),
    code,
  };
  const arrival: Draft = {
    type: "ronda.visit.checked_in.v1",
    id: opened.id,
    at: opened.at,
    subject: site,
    data,
  };
  const moment = performance.now();
  await write([arrival], { visit: opened });
  began = moment;
  visit.value = opened;
}

function newVisit(id: string, method: Method): Visit {
  const site: Site | undefined = sites.value.get(id);
  const at = now();
  return {
    id: newId(at),
    site: id,
    siteName: site?.name ?? id,
    method,
    at,
    startedHere: Date.now(),
    crew: duty.value?.crew ?? null,
    people: duty.value?.members.length ?? 0,
    leader: duty.value?.holder?.name ?? identity.value?.name ?? "",
    order: duty.value?.order.trim() ?? "",
    phase: assignment.value?.data.phase?.name ?? null,
    distance: site ? metresTo(site) : null,
    accuracy: fix.value?.accuracy_m ?? null,
    radius: site?.radius_m ?? null,
    leastDwell: targetFor(id, at)?.min_dwell_s ?? 0,
    checklist: (site && siteType(site.type)?.checklist) ?? [],
    answers: {},
    guards: null,
    guardsExpected: site?.guards,
    dialogue: "",
    advice: false,
    weaknesses: [],
    situation: null,
    photos: [],
  };
}

/**
 * Seconds on the site so far, by two clocks: one stands still while the phone sleeps, the other may
 * be set back. The longer time is the true one.
 */
export function dwell(open: Visit): number {
  return Math.max(performance.now() - began, Date.now() - open.startedHere) / 1000;
}

/** Changes the open visit, on the screen at once and in the database soon. */
export function changeVisit(changes: Partial<Visit>): void {
  if (!visit.value) return;
  visit.value = { ...visit.value, ...changes };
  // A full phone keeps the draft on the screen; finishing it says what happens then.
  void keep("visit", visit.value).catch(() => undefined);
}

export async function addPhoto(photo: Photo): Promise<void> {
  const open = visit.value;
  if (!open || open.photos.includes(photo.sha256)) return;
  const changed = { ...open, photos: [...open.photos, photo.sha256] };
  await write([], { visit: changed, photos: [photo] });
  changeVisit({ photos: changed.photos }); // what was typed meanwhile stays
}

/** What others found at a site and nobody has mended yet, as lines that ask how it is now. */
export function taskLines(site: string): TaskLine[] {
  return openTasks.value
    .filter((task) => task.site === site)
    .sort((a, b) => (a.due_at ?? "").localeCompare(b.due_at ?? ""))
    .slice(0, MOST_TASKS)
    .map((task) => ({
      id: ASKED_AS + task.id,
      label: task.text || readable(task.what ?? task.kind),
      owner: task.owner_name ?? "",
      due_at: task.due_at,
    }));
}

export function isTask(line: ChecklistItem): boolean {
  return line.id.startsWith(ASKED_AS);
}

/** What is still to be said before the visit can be finished: its lines, or the situation. */
export function missing(open: Visit): (ChecklistItem | "situation")[] {
  const lines = [...taskLines(open.site), ...open.checklist];
  const untouched = lines.filter((line) => !open.answers[line.id]);
  return [...untouched, ...(open.situation === null ? (["situation"] as const) : [])];
}

export async function finish(): Promise<void> {
  if (visit.value && visit.value.situation !== null) await close(visit.value, {});
}

/** The crew left without finishing: what it had said by then is sent, and marked. */
export async function abandon(): Promise<void> {
  if (visit.value) await close(visit.value, { incomplete: true });
}

/** The visit with the vulnerability that is in its form, if that says what it is. */
export function withForm(open: Visit): Visit {
  const { weaknessForm, ...rest } = open;
  const text = weaknessForm?.text.trim();
  if (!weaknessForm || !text) return rest;
  const { kind, hours } = weaknessForm;
  const owner = weaknessForm.owner.trim();
  const dueAt = now() + Number(hours) * 3600_000;
  const made = { id: newId(now()), kind, text, owner, dueAt, photos: [] };
  return { ...rest, weaknesses: [...open.weaknesses, made] };
}

/** Writes the vulnerabilities and the check-out, together; nothing is refused that happened, and
 * what stands in an open form was found too. */
async function close(open: Visit, how: { incomplete?: true }): Promise<void> {
  const at = now();
  const out = { at, dwell: dwell(open), id: newId(at), ...how };
  const checklist = [...open.checklist, ...taskLines(open.site)];
  const finished: Visit = { ...withForm(open), checklist, finished: out };
  const found = finished.weaknesses.map((one) => reported(one, open));
  const drafts = [...found, checkOut(finished, out)];
  await write(drafts, { visit: null, finished });
  visit.value = null;
  visits.value = [...visits.value, finished];
  // A key that was pressed meanwhile has stored the draft once more.
  await drop("visit").catch(console.warn);
}

function reported(weakness: Weakness, open: Visit): Draft {
  const data = {
    kind: weakness.kind,
    text: weakness.text,
    stage: "PG",
    owner: weakness.owner || undefined,
    due_at: written(weakness.dueAt),
    checkin: open.id,
    media: weakness.photos,
  };
  return { type: "ronda.vulnerability.reported.v1", id: weakness.id, subject: open.site, data };
}

/** What a visit's end says, at `out.at` and under `out.id`. */
export function checkOut(open: Visit, out: NonNullable<Visit["finished"]>): Draft {
  const data = {
    checkin: open.id,
    situation: open.situation ?? "waspada",
    crew: open.crew ?? undefined,
    // How long a visit was that nobody ended is not known.
    dwell_s: out.incomplete ? undefined : Math.round(out.dwell),
    incomplete: out.incomplete,
    checklist: open.checklist.flatMap((line) => {
      const given = open.answers[line.id];
      const remark = given?.remark?.trim() || undefined;
      return given ? [{ item: line.id, answer: given.answer, remark }] : [];
    }),
    guards_met: open.guards ?? undefined,
    guards_expected: open.guards === null ? undefined : open.guardsExpected,
    dialogue: open.dialogue.trim() || undefined,
    advice_given: open.advice,
    position: asData(),
    media: open.photos,
  };
  return {
    type: "ronda.visit.checked_out.v1",
    id: out.id,
    at: out.at,
    subject: open.site,
    data,
  };
}

/** "Nihil, aman" of a guard post: in and out at once, as a nil report. */
export async function nilReport(site: string): Promise<Visit> {
  const opened = newVisit(site, "manual");
  const out = { at: opened.at, dwell: 0, id: newId(opened.at) };
  const finished: Visit = { ...opened, situation: "aman", finished: out };
  const crew = opened.crew ?? undefined;
  const position = asData();
  const inData = { method: "manual", crew, people: opened.people || undefined, position };
  const outData = { checkin: opened.id, situation: "aman", crew, nil_report: true, position };
  const of = { subject: site, at: opened.at };
  await write(
    [
      { ...of, type: "ronda.visit.checked_in.v1", id: opened.id, data: inData },
      { ...of, type: "ronda.visit.checked_out.v1", id: out.id, data: outData },
    ],
    { finished },
  );
  visits.value = [...visits.value, finished];
  return finished;
}

/** It was said by mistake: the visit is owed again, and the record keeps both. */
export async function withdraw({ id, site, crew }: Visit): Promise<void> {
  const data = { checkin: id, crew: crew ?? undefined };
  const taken = { type: "ronda.visit.withdrawn.v1", subject: site, data };
  await write([taken], { withdrawn: id });
  visits.value = visits.value.filter((one) => one.id !== id);
}

