/** What the checkin service says, as the app uses it. Members that the app does not use are left out. */

export interface Person {
  id: string;
  name: string;
  rank?: string;
}

export interface ShiftPlan {
  id: string;
  /** Local times of day. */
  starts: string;
  ends: string;
  members: Person[];
  sites: string[];
}

export interface Crew {
  crew: string;
  unit: string;
  shifts: ShiftPlan[];
}

/** A visit that the plan demands of one of my crews. */
export interface Target {
  id: string;
  site: string;
  rule: string;
  crew: string | null;
  opens_at: string;
  due_at: string;
  grace_until: string;
  min_dwell_s: number;
}

export interface Site {
  id: string;
  name: string;
  type: string;
  risk_class: string;
  lat: number;
  lon: number;
  radius_m: number;
  district?: string;
  /** How many guards a visit should meet. */
  guards?: number;
}

export interface ChecklistItem {
  id: string;
  label: string;
  label_en?: string;
}

/** A line that asks how something is that was found before. */
export interface TaskLine extends ChecklistItem {
  owner: string;
  due_at: string | null;
}

export interface SiteType {
  id: string;
  label: string;
  label_en?: string;
  checklist?: ChecklistItem[];
}

export interface Category {
  id: string;
  label: string;
  label_en?: string;
  severity: string;
  site_types?: string[];
}

export interface Task {
  id: string;
  version: number;
  kind: string;
  state: string;
  site: string | null;
  what?: string;
  text: string | null;
  owner_name: string | null;
  due_at: string | null;
}

export interface Assignment {
  version: string;
  /** `purpose` is absent for what is live. */
  operation: { id: string; name: string; timezone: string; purpose?: string | null };
  phase: { code: string; name: string } | null;
  person: (Person & { unit: string; role: string }) | null;
  crews: Crew[];
  targets: Target[];
  sites: Site[];
  site_types: SiteType[];
  categories: Category[];
  tasks?: Task[];
}

interface Sent {
  crew: string;
  at: string;
  by: string;
  accepted_at?: string | null;
  declined_at?: string | null;
  en_route_at?: string | null;
  arrived_at?: string | null;
}

interface Common {
  id: string;
  version: number;
  at: string;
  what: string;
}

interface AlertView extends Common {
  number: number;
  state: "raised" | "acknowledged" | "dispatched" | "arrived" | "resolved" | "closed";
  severity: string;
  category: string;
  site: string | null;
  site_name: string | null;
  owner: { name: string; role: string; at: string } | null;
}

export interface ReportItem extends AlertView {
  kind: "report";
  reports: string[];
  crews: Sent[];
}

export interface OrderItem extends AlertView {
  kind: "order";
  lat: number | null;
  lon: number | null;
  text: string | null;
  order: Sent;
}

export interface VisitItem extends Common {
  kind: "visit";
  state: string;
  site: string;
  site_name: string;
  visited_at: string | null;
  checkin: string | null;
}

export interface NudgeItem extends Common {
  kind: "nudge";
  state: "asked" | "answered" | "lapsed";
  reason: "operator" | "silent_site";
  by: string | null;
  text: string | null;
  site: string | null;
  site_name: string | null;
}

export interface TaskItem extends Common {
  kind: "task";
  task_kind: string;
  state: string;
  site: string | null;
  text: string | null;
  owner_name: string | null;
  due_at: string | null;
}

export type InboxItem = ReportItem | OrderItem | VisitItem | NudgeItem | TaskItem;

export interface Inbox {
  items: InboxItem[];
  cursor: string;
}

export interface Problem {
  status: number;
  detail?: string;
  extra?: { code?: string; now?: string };
}

export interface Enrolment {
  device: string;
  actor: string;
  name: string;
  role: string;
  unit: string;
}
