/** A form that writes: one key until it was answered, what went wrong in words, no second press. */

import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { newKey, Refused } from "../api";
import { language, t } from "../language";
import { sessionEnded } from "../live";

export interface Asking {
  busy: Signal<boolean>;
  fault: Signal<string>;
  /** True when it was done. */
  run(ask: (key: string) => Promise<unknown>): Promise<boolean>;
}

export function useAsking(): Asking {
  const busy = useSignal(false);
  const fault = useSignal("");
  const key = useRef(newKey());
  const run = async (ask: (key: string) => Promise<unknown>) => {
    if (busy.peek()) return false;
    busy.value = true;
    fault.value = "";
    try {
      await ask(key.current);
      key.current = newKey();
      return true;
    } catch (error) {
      // The service keeps its answer to a key, a refusal too.
      if (error instanceof Refused) key.current = newKey();
      fault.value = words(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, fault, run };
}

function words(error: unknown): string {
  if (!(error instanceof Refused)) return `${t("c.gaveup")} ${t("conn.radio")}`;
  const { status, detail, extra } = error.problem;
  if (status === 401) sessionEnded();
  return t("a.refused", { reason: language.peek() === "id" ? (extra?.id ?? detail) : detail });
}
