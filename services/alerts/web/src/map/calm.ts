/** A signal that follows another one at once, and then not again for half a second. */

import { type ReadonlySignal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

const PAUSE_MS = 500;

/** For what costs much to draw and may be a moment late, while events pour in. */
export function useCalm<T>(source: ReadonlySignal<T>): ReadonlySignal<T> {
  const calm = useSignal(source.peek());
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  useSignalEffect(() => {
    const next = source.value;
    if (waiting.current !== null || next === calm.peek()) return;
    calm.value = next;
    waiting.current = setTimeout(() => {
      waiting.current = null;
      calm.value = source.peek();
    }, PAUSE_MS);
  });
  useEffect(
    () => () => {
      if (waiting.current !== null) clearTimeout(waiting.current);
    },
    [],
  );
  return calm;
}
