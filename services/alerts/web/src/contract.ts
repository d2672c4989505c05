/** What the alerts service answers with; the Alert is `shared/events/alert.py`, as JSON. */

export type Severity = "rendah" | "sedang" | "tinggi" | "kritis";
export type AlertState =
  "raised" | "acknowledged" | "dispatched" | "arrived" | "resolved" | "closed";
export type Verb =
  | "acknowledge"
  | "dispatch"
  | "arrive"
  | "resolve"
  | "close"
  | "reopen"
  | "release"
  | "note"
  | "call"
  | "merge"
  | "split"
  | "undo";

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
  copyof?: string | null;
  crowd_level?: string | null;
  backup_type?: string | null;
  /** SHA-256 of the photos that the report names. */
  media?: string[];
}

export interface Dispatch {
  crew: string;
  at: string;
  by: string;
  accepted_at?: string | null;
  declined_at?: string | null;
  en_route_at?: string | null;
  arrived_at?: string | null;
  backup_type?: string | null;
  distance_m?: number | null;
  target_at?: string | null;
}

/** Another alert that this one was joined with, or parted from, by hand. */
export interface Link {
  kind: "absorbed" | "merged_into" | "split_off" | "split_from";
  alert: string;
  number: number;
  at: string;
  by: string;
  parts: string[];
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
  kind: "incident" | "duress" | "visit_missed" | "silent" | "roster" | "task_overdue" | "handover";
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
  parts_more?: number;
  threat_stage?: string | null;
  crowd_level?: string | null;
  links?: Link[];
  /** Posts that no call has reached so far. */
  undelivered?: string[];
  /** Who alone may know of it: these roles, and nobody of these units. */
  restricted?: { roles: string[]; hidden_from: string[] } | null;
  /** The climb that the last take broke off; until then whoever took it may release it. */
  interrupted?: { due_at: string; until: string } | null;
}

/** Who may be sent, the best first, and whom one asks next. */
export interface Backup {
  items: {
    crew: string;
    unit: string;
    members: number;
    distance_m: number | null;
    position_age_s: number | null;
    target_s: number | null;
    busy_with: string | null;
    reasons: Reason[];
  }[];
  ladder: Rung[];
  specials: Rung[];
  next: string | null;
}

export interface Rung {
  code: string;
  label: string;
  label_en: string;
  asked: boolean;
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

/** Visits in numbers: `required` are those whose time has come, the windows of `open` are open now. */
export interface VisitCounts {
  site: string | null;
  required: number;
  done: number;
  late: number;
  missed: number;
  at_risk: number;
  open: number;
}

/** The visits of the local day, and by the hour around now. */
export interface Coverage {
  total: { visits: VisitCounts };
  sites: { visits: VisitCounts }[];
  hours: { at: string; made: number; missed: number; ahead: number }[];
}

/** Moments of one site's visits: the last one, the next one, one that is at risk, missed ones. */
export interface Rounds {
  last_at: string | null;
  next_opens_at: string | null;
  next_due_at: string | null;
  owed_at: string | null;
  missed: number;
  missed_at: string | null;
}

export interface Crew {
  crew: string;
  unit: string;
  on_duty_since: string;
  members: string[];
  position: { lat: number; lon: number; at: string } | null;
  busy_with: string | null;
}

/** The weights of the reasons add up to the score, of 100 at most. */
export interface Risk {
  score: number;
  band: "rendah" | "sedang" | "tinggi";
  reasons: (Reason & { weight: number })[];
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
  /** What speaks against it, and what of that is open. */
  risk?: Risk | null;
  flags?: string[];
  visits?: Rounds | null;
}

export type Override = "phase" | "logistics_stage" | "site_class" | "stand_in" | "everything";

/** `of` is the site or the person; without a `value` it ends what was set before. */
export interface SituationChange {
  what: Override;
  by: string;
  reason: string;
  of?: string | null;
  value?: string | null;
  until?: string | null;
}

/** What the posko has changed of the plan's defaults, and since when. */
export interface LiveOverride {
  since: string;
  change: SituationChange;
}

export interface Situation {
  operation: string;
  unit_name: string;
  phase: string | null;
  phase_name: string | null;
  logistics_stage?: string | null;
  overrides?: LiveOverride[];
  may_change?: boolean;
  timezone: string;
  purpose?: string | null;
  /** The plan's severity table, for its labels. */
  categories?: { id: string; label: string; label_en: string; family?: string }[];
  /** The plan's kinds of sites, for their labels. */
  site_types?: { id: string; label: string; label_en: string }[];
  /** Where the archive is (`:8003`: another port of this host), and lines for the map. */
  records_url?: string | null;
  map_url?: string | null;
  /** A PMTiles archive for the ground below them. */
  map_tiles_url?: string | null;
}

export interface Session {
  actor: string;
  name: string;
  role: string;
  unit: string;
  expires_at: string;
}

export interface ClockMessage {
  now: string;
  /** Null while the service does not know: it has just begun. */
  lag_s: number | null;
  last_id: string | null;
  /** Who is at the boards of this unit and may act. */
  operators?: number;
}

export interface Problem {
  status: number;
  title: string;
  detail: string;
  /** Who was first, and the reason's stable code and Indonesian words. */
  extra?: { name?: string; role?: string; at?: string; code?: string; id?: string; wait_s?: string };
}

export interface Command {
  version: number;
  key: string;
  crew?: string;
  outcome?: string;
  note?: string;
  reason?: string;
  other?: string;
  /** The reports that a split makes an alert of. */
  parts?: string[];
  backup_type?: string;
}

/** What somebody shows to be let in. */
export type Proof = { token: string } | { login: string; password: string };

/** How one can sign in here; `sso` is a link to another place that says who one is. */
export interface Ways {
  password: boolean;
  sso: { label: string; url: string } | null;
}
