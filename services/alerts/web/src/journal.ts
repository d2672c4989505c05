/** Lines of the post's journal that the board writes by itself, and those that people write. */

import { newKey, post } from "./api";

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

