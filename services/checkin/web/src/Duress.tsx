/** The silent button: two seconds of contact, and nothing changes but the dots. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Dots } from "./Dots";
import { dots, raise, touched } from "./duress";
import { HOLD_MS, holding } from "./hold";
import { t } from "./language";

export function Duress() {
  const held = useSignal(false);
  const hint = useSignal(false);
  const hold = useHold({
    touched: (on) => (held.value = on),
    short: () => {
      hint.value = true;
      setTimeout(() => (hint.value = false), HOLD_MS);
    },
  });
  const { lit, late } = dots.value;
  return (
    <button
      type="button"
      class={held.value ? "duress held" : "duress"}
      data-testid="duress"
      aria-label={`${t("nav.duress")}. ${t("dur.hold")}`}
      {...hold}
    >
      <span>{hint.value ? t("dur.hold") : t("nav.duress")}</span>
      <span data-testid="duress-dots">
        <Dots lit={lit} failed={late} />
      </span>
      <span class="duress-line" />
    </button>
  );
}

interface Told {
  /** Whether a hold is under way. */
  touched?: (on: boolean) => void;
  /** It was long enough. */
  raised?: () => void;
  /** It was not. */
  short?: () => void;
}

/** The handlers of something that is held; also the dim screen uses them. */
export function useHold(told: Told) {
  const touch = (on: boolean) => {
    touched.value = on;
    told.touched?.(on);
  };
  const hold = useMemo(
    () =>
      holding(
        () => {
          told.raised?.();
          void raise();
          touch(false);
        },
        () => told.short?.(),
      ),
    [],
  );
  useEffect(() => end, []);
  const start = (at?: { x: number; y: number }) => {
    touch(true);
    hold.start(at);
  };
  const end = () => {
    touch(false);
    hold.end();
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      (event.target as Element).setPointerCapture(event.pointerId);
      start(event);
    },
    onPointerMove: (event: PointerEvent) => hold.move(event),
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown: (event: KeyboardEvent) => {
      if ((event.key === "Enter" || event.key === " ") && !event.repeat) start();
    },
    onKeyUp: end,
    onBlur: end,
    onContextMenu: (event: Event) => event.preventDefault(),
  };
}
