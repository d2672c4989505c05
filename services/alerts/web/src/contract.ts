/** What the alerts service answers with; the Alert is `shared/events/alert.py`, as JSON. */

export type Severity = "rendah" | "sedang" | "tinggi" | "kritis";
export type AlertState =
  "raised" | "acknowledged" | "dispatched" | "arrived" | "resolved" | "closed";
export type Verb = "acknowledge" | "dispatch" | "arrive" | "resolve" | "close" | "reopen" | "note";

export interface Reason {
  code: string;
  id: string;
  en: string;
}

export interface Owner {
  actor: string;
  name: string;
  role: string;
  at: string;
}

export interface Part {
  event: string;
  type: string;
  category: string;
  time: string;
  received_at: string;
  site?: string | null;
  actor?: string | null;
  device?: string | null;
  text?: string | null;
  late_s?: number | null;
}

export interface Dispatch {
  crew: string;
  at: string;
  by: string;
  accepted_at?: string | null;
  declined_at?: string | null;
  en_route_at?: string | null;
  arrived_at?: string | null;
}

export interface Entry {
  at: string;
  what: string;
  by?: string | null;
  note?: string | null;
  cycle?: number | null;
  level?: number | null;
}

export interface Closing {
  actor: string;
  name: string;
  at: string;
  lapses_at: string;
  outcome: string;
}

export interface Alert {
  id: string;
  number: number;
  version: number;
  kind: "incident" | "duress" | "visit_missed" | "silent";
  state: AlertState;
  severity: Severity;
  category: string;
  site: string | null;
  site_name: string | null;
  unit: string;
  operation: string;
  lat: number | null;
  lon: number | null;
  policy: string;
  cycle: number;
  level: number;
  post: string | null;
  owner: Owner | null;
  reasons: Reason[];
  parts: Part[];
  dispatches: Dispatch[];
  reported_at: string;
  received_at: string;
  raised_at: string;
  updated_at: string;
  acknowledged_at: string | null;
  resolved_at: string | null;
  closed_at: string | null;
  next_due_at: string | null;
  next_due_kind: "climb" | "ack_expiry" | "close_lapse" | null;
  next_post: string | null;
  closing: Closing | null;
  outcome: string | null;
  purpose: string | null;
  timeline: Entry[];
}

export interface Visit {
  id: string;
  version: number;
  state: "due" | "at_risk" | "missed" | "recovered" | "done";
  site: string;
  site_name: string;
  unit: string;
  rule: string;
  crew: string | null;
  opens_at: string;
  due_at: string;
  grace_until: string;
  visited_at: string | null;
  checkin: string | null;
  alert: string | null;
}

export interface Crew {
  crew: string;
  unit: string;
  on_duty_since: string;
  members: string[];
  position: { lat: number; lon: number; at: string } | null;
  busy_with: string | null;
}

export interface Site {
  id: string;
  name: string;
  type: string;
  risk_class: string;
  unit: string;
  lat: number;
  lon: number;
  district: string | null;
  /** `aman`, `waspada`, `gangguan`, `pemulihan`; anything else is shown as not known. */
  status: string;
  since: string | null;
}

export interface Situation {
  operation: string;
  unit_name: string;
  phase: string | null;
  phase_name: string | null;
  timezone: string;
  purpose?: string | null;
  /** The plan's severity table, for its labels. */
  categories?: { id: string; label: string; label_en: string }[];
}

export interface Session {
  actor: string;
  name: string;
  role: string;
  unit: string;
}

export interface ClockMessage {
  now: string;
  lag_s: number;
  last_id: string | null;
}

export interface Problem {
  status: number;
  title: string;
  detail: string;
  /** Who was first, and the reason's stable code and Indonesian words. */
  extra?: { name?: string; role?: string; at?: string; code?: string; id?: string };
}

export interface Command {
  version: number;
  key: string;
  crew?: string;
  outcome?: string;
  note?: string;
  reason?: string;
}
