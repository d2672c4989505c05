/** The words for what the posko may change of the plan, and for what it has changed. */

import type { SituationChange } from "../contract";
import { t, tIfKnown } from "../language";
import { sites } from "../state";
import type { SituationChoices } from "./contract";

export const KINDS = ["phase", "logistics_stage", "site_class", "stand_in"] as const;
export type Kind = (typeof KINDS)[number];

/** What is to be changed; without a value it ends what holds now. */
export interface Wanted {
  what: SituationChange["what"];
  of: string | null;
  value: string | null;
}

export interface Item {
  id: string;
  text: string;
}

/** Each with a text of its own: of two that are called alike the id tells which. */
export function told(items: readonly Item[]): Item[] {
  const times = new Map<string, number>();
  for (const { text } of items) times.set(text, (times.get(text) ?? 0) + 1);
  return items.map(({ id, text }) => ({
    id,
    text: (times.get(text) ?? 0) > 1 ? `${text} (${id})` : text,
  }));
}

export function siteItems(): Item[] {
  return told(sites.value.map((site) => ({ id: site.id, text: site.name })));
}

export function peopleItems(choices: SituationChoices): Item[] {
  return told(
    choices.people.map((person) => ({
      id: person.id,
      text: [`${person.rank} ${person.name}`, ...person.posts].join(", "),
    })),
  );
}

/** The four kinds of change, each with the codes that the plan has for it. */
export function valuesOf(kind: Kind, choices: SituationChoices): string[] {
  if (kind === "phase") return choices.phases.map((phase) => phase.code);
  if (kind === "logistics_stage") return choices.stages;
  return kind === "site_class" ? choices.risk_classes : [];
}

export function valueName(what: string, value: string, choices: SituationChoices): string {
  if (what === "phase") return choices.phases.find((each) => each.code === value)?.name ?? value;
  if (what === "logistics_stage") return tIfKnown("lst", value);
  return what === "site_class" ? tIfKnown("risk", value) : personName(value, choices);
}

export function matterName(change: Wanted, choices: SituationChoices): string {
  const what = tIfKnown("sit", change.what);
  if (!change.of) return what;
  if (change.what === "stand_in") return `${what}: ${personName(change.of, choices)}`;
  return `${what}: ${sites.value.find((site) => site.id === change.of)?.name ?? change.of}`;
}

/** What a change means, said before it is made. */
export function meaning(wanted: Wanted, choices: SituationChoices): string {
  const what = matterName(wanted, choices);
  if (wanted.value === null) return t("sit.back", { what });
  return t("sit.becomes", { what, value: valueName(wanted.what, wanted.value, choices) });
}

function personName(id: string, choices: SituationChoices): string {
  const person = choices.people.find((each) => each.id === id);
  return person ? `${person.rank} ${person.name}` : id;
}
