/** Lines of the post's journal that the board writes by itself, and those that people write. */

import { announce } from "./announce";
import { newKey, post } from "./api";
import { t } from "./language";

export type JournalKind = "note" | "silence" | "blind";

export interface Line {
  text: string;
  kind: JournalKind;
  seconds?: number;
  site?: string;
}

export function write(line: Line, key = newKey()): Promise<unknown> {
  return post("/v1/journal", { ...line, key });
}

/** Written if it can be: a journal that does not answer stops neither the siren nor the board. */
export function jot(line: Line): void {
  void write(line).catch(() => undefined);
}

/** Asks for a second operator during a flood; the journal keeps when. */
export async function callSecond(): Promise<void> {
  const done = await write({ text: t("s.calledsecond"), kind: "note" }).then(
    () => true,
    () => false,
  );
  announce(done ? t("s.calledsecond") : `${t("c.unsure")} ${t("conn.radio")}`);
}
