/** Two seconds of unbroken contact; anything shorter, or leaving the place, is nothing. */

export const HOLD_MS = 2_000;
const STRAY_PX = 48;

export interface Hold {
  start: (at?: { x: number; y: number }) => void;
  move: (at: { x: number; y: number }) => void;
  end: () => void;
}

/** `held` is called once per hold; `short` when it ended before its time. */
export function holding(held: () => void, short: () => void): Hold {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from: { x: number; y: number } | undefined;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    start(at) {
      if (timer !== undefined) return;
      from = at;
      timer = setTimeout(() => {
        stop();
        held();
      }, HOLD_MS);
    },
    move(at) {
      if (from && Math.hypot(at.x - from.x, at.y - from.y) > STRAY_PX) stop();
    },
    end() {
      if (timer === undefined) return;
      stop();
      short();
    },
  };
}
