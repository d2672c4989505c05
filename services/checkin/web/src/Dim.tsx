/** A black screen that stays awake, so that tracks and the hold go on working in a pocket. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { seconds } from "./clock";
import { Dots } from "./Dots";
import { useHold } from "./Duress";
import { dots } from "./duress";
import { shortTime } from "./format";
import { t } from "./language";

export const dimmed = signal(false);

export function Dim() {
  const hold = useHold();
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    const stay = async () => {
      lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    };
    void stay();
    document.addEventListener("visibilitychange", stay);
    return () => {
      document.removeEventListener("visibilitychange", stay);
      void lock?.release();
    };
  }, []);
  return (
    <div class="dim" data-testid="dimmed" {...hold}>
      <p class="dim-clock">{shortTime(seconds.value)}</p>
      <Dots lit={dots.value.lit} failed={dots.value.late} />
      <button type="button" class="plain" onClick={() => (dimmed.value = false)}>
        {t("c.wake")}
      </button>
    </div>
  );
}
