/** What a screen reader says: one polite line, one that interrupts. */

import { signal } from "@preact/signals";
import type { Alert } from "./contract";
import { title } from "./format";
import { t } from "./language";

export const polite = signal("");
export const urgentWord = signal("");

export function announce(text: string): void {
  polite.value = text;
}

export function announceAlert(alert: Alert): void {
  const text = t("s.announce", { alert: `${t(`sev.${alert.severity}`)}, ${title(alert)}` });
  if (alert.severity === "kritis" || alert.kind === "duress") urgentWord.value = text;
  else polite.value = text;
}
