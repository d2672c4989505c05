/** Something that is read once when a panel opens, and again when asked. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { read } from "../api";
import type { Load } from "../state";

export interface Reading<T> {
  data: { readonly value: T | null };
  load: { readonly value: Load };
  again(): Promise<void>;
}

interface Got<T> {
  path: string;
  data: T | null;
  load: Load;
}

/** `mark`: a change of it reads again too. What was read of another path is not shown for this one. */
export function useRead<T>(path: string, mark: unknown = null): Reading<T> {
  const got = useSignal<Got<T>>({ path, data: null, load: "loading" });
  const wanted = useRef(path);
  wanted.current = path;
  const known = got.value.path === path ? got.value : null;
  const again = async () => {
    const found = await read<T>(path).catch(() => null);
    if (wanted.current !== path) return; // something else was asked for meanwhile
    const before = got.peek().path === path ? got.peek().data : null;
    // Without an answer what was shown stays.
    got.value = { path, data: found ?? before, load: found === null ? "failed" : "ready" };
  };
  useEffect(() => void again(), [path, mark]);
  return {
    data: { value: known?.data ?? null },
    load: { value: known?.load ?? "loading" },
    again,
  };
}
