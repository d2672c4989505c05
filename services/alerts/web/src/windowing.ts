/**
 * Long lists draw only the rows that can be seen, and a few around them. All rows of a list are of
 * one height, so the rest is two empty boxes; what has the focus is always drawn.
 */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Lists that are no longer than this are drawn whole. */
export const SHORT = 60;
const AROUND_PX = 600;
/** The view is told in steps, so that not every pixel of a scroll draws the list anew. */
const STEP_PX = 200;

export interface View {
  top: number;
  height: number;
}

/** Where a scrolling box stands, in pixels, and how high it is. */
export function useView(box: RefObject<HTMLElement | null>): Signal<View> {
  const view = useSignal<View>({ top: 0, height: 1_000 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => {
      const top = Math.floor(element.scrollTop / STEP_PX) * STEP_PX;
      const height = element.clientHeight;
      const known = view.peek();
      if (known.top !== top || known.height !== height) view.value = { top, height };
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  return view;
}

/** A stretch of rows to draw, after a gap that stands for the rows between. */
export interface Stretch {
  gap: number;
  from: number;
  to: number;
}

/** `start`: where the first row begins in the box; `kept`: a row that is drawn wherever it is. */
export function stretches(
  count: number,
  rowPx: number,
  start: number,
  view: View,
  kept: number,
): Stretch[] {
  const clamp = (row: number) => Math.max(0, Math.min(count, row));
  const from = clamp(Math.floor((view.top - start - AROUND_PX) / rowPx));
  const to = clamp(Math.ceil((view.top + view.height + STEP_PX - start + AROUND_PX) / rowPx));
  const parts: [number, number][] = from < to ? [[from, to]] : [];
  if (kept >= 0 && (kept < from || kept >= to)) parts.push([kept, kept + 1]);
  parts.sort((a, b) => a[0] - b[0]);
  let done = 0;
  const found = parts.map(([a, b]) => {
    const stretch = { gap: a - done, from: a, to: b };
    done = b;
    return stretch;
  });
  return [...found, { gap: count - done, from: count, to: count }];
}

export function rem(count: number): number {
  return count * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** Gives a box its height by script; the policy of the page forbids style attributes. */
export function tall(px: number): (element: HTMLElement | null) => void {
  return (element) => element?.style.setProperty("height", `${px}px`);
}
