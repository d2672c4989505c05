/** What the alerts service answers with beside the alerts themselves. */

import type { Entry, Owner, Reason, SituationChange } from "../contract";

export interface Task {
  id: string;
  version: number;
  kind: "vulnerability" | "advice";
  state: "open" | "overdue" | "done";
  site: string | null;
  site_name: string | null;
  unit: string;
  what: string;
  text: string;
  stage: "PG" | "AG" | "GN" | null;
  owner: string;
  owner_name: string;
  due_at: string;
  reported_by: string | null;
  reported_at: string;
  done_at: string | null;
  done_by: string | null;
  reasons: Reason[];
  timeline: Entry[];
}

export type TaskVerb = "assign" | "extend" | "done" | "note";

/** One way to one recipient of a call, and how it stands. */
export interface Call {
  post: string;
  recipient: string;
  channel: string;
  standing: "waiting" | "sent" | "delivered" | "retrying" | "failed";
  error: string | null;
  accepted_at: string | null;
  delivered_at: string | null;
}

export interface JournalEntry {
  id: string;
  at: string;
  by: Owner;
  kind: "note" | "silence" | "blind";
  text: string;
  site?: string | null;
  seconds?: number | null;
}

export interface Handover {
  id: string;
  outgoing: Owner;
  attention: string;
  open: string[];
  incoming?: Owner | null;
  withdrawn?: Owner | null;
  /** Until when somebody should accept; then the Pawas is told. */
  due_at?: string | null;
}

/** The archive's newest signed checkpoint, or why there is none to show. */
export interface Seal {
  note: string | null;
  size: number | null;
  why: "not_configured" | "unreadable" | "empty" | null;
}

export interface Watch {
  pending: Handover | null;
  must_read: string[];
  last: Handover | null;
  checkpoint: Seal;
}

/** What a change of the situation may name, beside the sites. */
export interface SituationChoices {
  phases: { code: string; name: string; starts: string; ends: string }[];
  stages: string[];
  risk_classes: string[];
  people: { id: string; name: string; rank: string; posts: string[] }[];
}

export interface SituationAnswer {
  at: string;
  changes: SituationChange[];
}

export type Window = "shift" | "24h" | "30d";

export interface Figure {
  id: string;
  unit: "per_10min" | "share" | "count" | "minutes";
  value: number | null;
  n: number;
  level: "aim" | "watch" | "act" | "none";
}

export interface Performance {
  since: string;
  until: string;
  operators: number;
  figures: Figure[];
  severities: Record<string, number>;
  per_10min: { at: string; count: number }[];
  sources: { site: string | null; name: string | null; count: number; share: number }[];
  standing: string[];
  repeats: { site: string | null; category: string; count: number }[];
}

/** Something that is empty between two moments; `grave`: then a visit or a chain has a hole. */
export interface Lack {
  kind: "shift" | "step" | "contact";
  code: string;
  who: string;
  starts: string;
  ends: string;
  id: string;
  en: string;
  grave?: boolean;
}

export interface Readiness {
  starts: string;
  ends: string;
  items: Lack[];
}
