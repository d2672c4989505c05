/** Something that is read once when a panel opens, and again when asked. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { read } from "../api";
import type { Load } from "../state";

export interface Reading<T> {
  data: Signal<T | null>;
  load: Signal<Load>;
  again(): Promise<void>;
}

/** `mark`: a change of it reads again too. */
export function useRead<T>(path: string, mark: unknown = null): Reading<T> {
  const data = useSignal<T | null>(null);
  const load = useSignal<Load>("loading");
  const wanted = useRef(path);
  wanted.current = path;
  const again = async () => {
    try {
      const answer = await read<T>(path);
      if (wanted.current !== path) return; // something else was asked for meanwhile
      data.value = answer;
      load.value = "ready";
    } catch {
      load.value = "failed"; // what was shown stays
    }
  };
  useEffect(() => void again(), [path, mark]);
  return { data, load, again };
}
