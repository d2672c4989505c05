/** The silent button: two seconds of contact, and nothing changes but the dots. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Dots } from "./Dots";
import { dots, raise } from "./duress";
import { HOLD_MS, holding } from "./hold";
import { t } from "./language";

export function Duress() {
  const held = useSignal(false);
  const hint = useSignal(false);
  const hold = useHold(held, hint);
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

/** The handlers of something that is held; also the dim screen uses them. */
export function useHold(held?: { value: boolean }, hint?: { value: boolean }) {
  const hold = useMemo(
    () =>
      holding(
        () => {
          if (held) held.value = false;
          void raise();
        },
        () => {
          if (!hint) return;
          hint.value = true;
          setTimeout(() => (hint.value = false), HOLD_MS);
        },
      ),
    [],
  );
  useEffect(() => hold.end, []);
  const start = (at?: { x: number; y: number }) => {
    if (held) held.value = true;
    hold.start(at);
  };
  const end = () => {
    if (held) held.value = false;
    hold.end();
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
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
