/** What must sound: the gravest alert that nobody has taken, a chime, or the loss of the feed. */

import { computed, effect, signal } from "@preact/signals";
import * as clock from "../clock";
import type { Alert } from "../contract";
import { flood } from "../flood";
import { jot } from "../journal";
import { remember, remembered } from "../kept";
import { t } from "../language";
import { isGrave, needsTaking } from "../order";
import { alertsLoad, endedAlone, open, session } from "../state";
import * as player from "./player";
import type { Pattern } from "./patterns";

const KEPT = "ronda.siren";
const ROWS_MS = 100;

/** Whether this screen has a siren at all; one that has none says so all the time. */
export const wanted = signal(remembered(KEPT) !== "off");
/** When the silence ends, by the page's monotonic clock in ms; null while it sounds. */
const quietUntil = signal<number | null>(null);

const untaken = computed(() => open.value.filter(needsTaking));

export const pattern = computed<Pattern | null>(() => {
  if (untaken.value.some((alert) => alert.kind === "duress")) return "duress";
  if (untaken.value.some((alert) => alert.severity === "kritis")) return "kritis";
  return untaken.value.some((alert) => alert.severity === "tinggi") ? "tinggi" : null;
});

/** Seconds of silence that are left; 0 while it may sound. */
export const quietLeft = computed(() => {
  const until = quietUntil.value;
  return until === null ? 0 : Math.max(0, Math.ceil((until - clock.ticks.value) / 1000));
});

/** Quiet for 30 s on this screen; the journal keeps that it was, and there is no permanent one. */
export function silence(): void {
  if (pattern.peek() === null || quietLeft.peek() > 0) return;
  player.silence();
  quietUntil.value = performance.now() + player.SILENCE_S * 1000;
  jot({ text: t("snd.silenced"), kind: "silence", seconds: player.SILENCE_S });
}

export function setWanted(on: boolean): void {
  wanted.value = on;
  remember(KEPT, on ? "on" : "off");
}

/** Begins to watch; the returned function ends it and every sound. */
export function watch(): () => void {
  const onPress = () => void player.arm();
  document.addEventListener("pointerdown", onPress, true);
  document.addEventListener("keydown", onPress, true);
  const ends = [armAfterTheRows(), effect(playWhatIsDue), effect(wakeForNews()), effect(chimeForMedium())];
  return () => {
    ends.forEach((end) => end());
    document.removeEventListener("pointerdown", onPress, true);
    document.removeEventListener("keydown", onPress, true);
    quietUntil.value = null;
    player.quiet();
  };
}

/** Opening the sound holds the browser up for a tenth of a second: the first rows are drawn before. */
function armAfterTheRows(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = effect(() => {
    if (alertsLoad.value === "loading" && clock.freshness.value !== "lost") return;
    timer ??= setTimeout(player.tryToArm, ROWS_MS);
  });
  return () => {
    end();
    clearTimeout(timer);
  };
}

/** A screen whose session has ended hears no alert: it calls until somebody acts at it. */
export function callSomebody(): () => void {
  if (!endedAlone.peek() || !wanted.peek()) return () => undefined;
  const heardOf = () => {
    endedAlone.value = false;
    player.quiet();
  };
  player.soundDead(0);
  const ends = new AbortController();
  for (const press of ["pointerdown", "keydown"]) {
    document.addEventListener(press, heardOf, { capture: true, signal: ends.signal });
  }
  return () => {
    ends.abort();
    heardOf();
  };
}

function playWhatIsDue(): void {
  const on = wanted.value && player.armed.value && session.value !== null;
  player.sound(on ? pattern.value : null);
  const lost = clock.freshness.value === "lost";
  // A connection that is gone shows at once and is heard after half a minute, by the audio clock.
  const rest = Math.max(0, clock.LOST_AFTER_S - clock.behind.peek());
  player.soundDead(on && lost ? rest : null);
}

/** A new grave alert, or one that climbed, ends the silence at once. */
function wakeForNews(): () => void {
  let known = new Set<string>();
  return () => {
    const now = new Set(untaken.value.filter(isGrave).map(standing));
    const news = [...now].some((each) => !known.has(each));
    known = now;
    if (!news || quietUntil.peek() === null) return;
    quietUntil.value = null;
    player.speakAgain();
  };
}

/** One soft chime for each new medium alert, none in a flood. */
function chimeForMedium(): () => void {
  let known: Set<string> | null = null;
  return () => {
    if (alertsLoad.value !== "ready") return;
    const now = new Set(untaken.value.filter((a) => a.severity === "sedang").map((a) => a.id));
    const news = known !== null && [...now].some((id) => !known?.has(id));
    known = now;
    if (now.size === 0) player.soundChime(false);
    else if (news && wanted.peek() && player.armed.peek() && !flood.peek()) player.soundChime(true);
  };
}

function standing(alert: Alert): string {
  return [alert.id, alert.severity, alert.cycle, alert.level].join();
}
