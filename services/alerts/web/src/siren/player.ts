/** Plays the sounds by Web Audio. Nothing here runs by a timer: hidden tabs have slow ones. */

import { signal } from "@preact/signals";
import { type Pattern, RATE, repeats, samples, type Sound } from "./patterns";

export const SILENCE_S = 30;

/** Whether the browser lets us sound; it wants a press of the operator first. */
export const armed = signal(false);

let context: AudioContext | null = null;
let alarmGain: GainNode | null = null;
let playing: { pattern: Pattern; source: AudioBufferSourceNode } | null = null;
let dead: AudioBufferSourceNode | null = null;
let chime: AudioBufferSourceNode | null = null;
let tested: AudioBufferSourceNode | null = null;
const buffers = new Map<Sound, AudioBuffer>();

/** Called at each press on the page; only the first ones have something to do. */
export async function arm(): Promise<void> {
  context ??= opened();
  tell();
  if (context.state !== "running") await context.resume().catch(() => undefined);
}

/** Asks the browser without a press: where sound is allowed, the board is armed from the start. */
export function tryToArm(): void {
  context ??= opened();
  tell();
}

function opened(): AudioContext {
  const made = new AudioContext();
  made.onstatechange = tell;
  alarmGain = made.createGain();
  alarmGain.connect(made.destination);
  return made;
}

/** Whoever hears that it is armed starts the sound at once, so the context is in place before. */
function tell(): void {
  armed.value = context?.state === "running";
}

/** The alarm that should sound now, or none. */
export function sound(pattern: Pattern | null): void {
  if (playing?.pattern === pattern) return;
  playing?.source.stop();
  playing = null;
  if (pattern === null || context === null || alarmGain === null) return;
  playing = { pattern, source: started(pattern, alarmGain) };
}

/** The sound of a board whose feed is dead, in so many seconds or never; silence leaves it be. */
export function soundDead(inSeconds: number | null): void {
  if ((inSeconds !== null) === (dead !== null) || context === null) return;
  dead?.stop();
  dead = inSeconds === null ? null : started("dead", context.destination, inSeconds);
}

/** Once now and once after 30 s; `null` ends it. */
export function soundChime(on: boolean): void {
  chime?.stop();
  chime = on && context !== null && alarmGain !== null ? started("chime", alarmGain) : null;
}

/** Two seconds of the critical pattern, to hear that the loudspeaker is on. */
export async function test(): Promise<void> {
  await arm();
  if (context === null) return;
  tested?.stop();
  tested = started("kritis", context.destination);
  tested.stop(context.currentTime + 2);
}

/** Quiet for 30 s by the audio clock; then it sounds again by itself. */
export function silence(): void {
  if (context === null || alarmGain === null) return;
  const now = context.currentTime;
  alarmGain.gain.cancelScheduledValues(now);
  alarmGain.gain.setValueAtTime(0, now);
  alarmGain.gain.setValueAtTime(1, now + SILENCE_S);
}

export function speakAgain(): void {
  if (context === null || alarmGain === null) return;
  alarmGain.gain.cancelScheduledValues(context.currentTime);
  alarmGain.gain.setValueAtTime(1, context.currentTime);
}

export function quiet(): void {
  sound(null);
  soundDead(null);
  soundChime(false);
}

function started(name: Sound, to: AudioNode, inSeconds = 0): AudioBufferSourceNode {
  const here = context as AudioContext;
  const source = here.createBufferSource();
  source.buffer = bufferOf(here, name);
  source.loop = repeats(name);
  source.connect(to);
  source.start(here.currentTime + inSeconds);
  return source;
}

function bufferOf(here: AudioContext, name: Sound): AudioBuffer {
  const known = buffers.get(name);
  if (known) return known;
  const wave = samples(name);
  const buffer = here.createBuffer(1, wave.length, RATE);
  buffer.copyToChannel(wave, 0);
  buffers.set(name, buffer);
  return buffer;
}
