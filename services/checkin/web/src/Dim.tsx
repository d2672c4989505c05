/** A black screen that stays awake, so that tracks and the hold go on working. */

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { seconds } from "./clock";
import { Dots } from "./Dots";
import { useHold } from "./Duress";
import { dots } from "./duress";
import { shortTime } from "./format";
import { t } from "./language";

export const dimmed = signal(false);

export function Dim() {
  const glass = useRef<HTMLDialogElement>(null);
  const called = useRef(false);
  const hold = useHold({
    touched: (on) => on && (called.current = false),
    raised: () => (called.current = true),
  });
  // A dialog: no key reaches what is hidden behind it.
  useLayoutEffect(() => glass.current?.showModal(), []);
  useEffect(stayAwake, []);
  const wake = () => {
    // The end of a hold that called for help must change nothing on the screen.
    if (!called.current) dimmed.value = false;
    called.current = false;
  };
  return (
    <dialog
      ref={glass}
      class="dim"
      data-testid="dimmed"
      aria-label={t("c.dim")}
      onClose={() => (dimmed.value = false)}
      {...hold}
    >
      <p class="dim-clock">{shortTime(seconds.value)}</p>
      <Dots lit={dots.value.lit} failed={dots.value.late} />
      <button type="button" class="plain" data-testid="wake" onClick={wake}>
        {t("c.wake")}
      </button>
    </dialog>
  );
}

/** Keeps the phone's screen on until the answer is called; the browser forgets it when hidden. */
function stayAwake(): () => void {
  let lock: WakeLockSentinel | undefined;
  let over = false;
  const ask = async () => {
    if (document.visibilityState !== "visible") return;
    lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    if (over) void lock?.release();
  };
  void ask();
  document.addEventListener("visibilitychange", ask);
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", ask);
    void lock?.release();
  };
}
