/**
 * The sounds, as samples: a pattern is one buffer that the audio clock repeats by itself, so a tab
 * that is not looked at goes on sounding. None has three long pulses: that means evacuation (ISO
 * 8201).
 */

export type Pattern = "duress" | "kritis" | "tinggi";
export type Sound = Pattern | "chime" | "dead";

/** A tone from `at`, in seconds; a glide where `to` differs from `hz`. */
interface Tone {
  at: number;
  lasts: number;
  hz: number;
  to?: number;
  volume?: number;
}

interface Score {
  seconds: number;
  tones: Tone[];
}

export const RATE = 22_050;
const EDGE_S = 0.012;
const LOUD = 0.5;
const CHIME: Tone[] = [
  { at: 0, lasts: 0.35, hz: 988, volume: 0.22 },
  { at: 0.18, lasts: 0.5, hz: 784, volume: 0.22 },
];

const SCORES: Record<Sound, Score> = {
  duress: {
    seconds: 5 * 0.16 + 1,
    tones: [0, 1, 2, 3, 4].map((n) => ({ at: n * 0.16, lasts: 0.12, hz: 600, to: 1200 })),
  },
  kritis: {
    seconds: 3,
    tones: [0, 1, 2, 3].map((n) => ({ at: n * 0.5, lasts: 0.5, hz: n % 2 ? 880 : 660 })),
  },
  tinggi: {
    seconds: 5,
    tones: [
      { at: 0, lasts: 0.3, hz: 740 },
      { at: 0.45, lasts: 0.3, hz: 740 },
    ],
  },
  /** Once, and again after half a minute: the pause is part of the buffer. */
  chime: { seconds: 31, tones: [...CHIME, ...CHIME.map((tone) => ({ ...tone, at: tone.at + 30 }))] },
  dead: {
    seconds: 30,
    tones: [
      { at: 0, lasts: 0.5, hz: 330, to: 262, volume: 0.35 },
      { at: 0.6, lasts: 0.7, hz: 262, to: 196, volume: 0.35 },
    ],
  },
};

export function repeats(sound: Sound): boolean {
  return sound !== "chime";
}

export function samples(sound: Sound): Float32Array<ArrayBuffer> {
  const { seconds, tones } = SCORES[sound];
  const wave = new Float32Array(Math.round(seconds * RATE));
  for (const tone of tones) draw(wave, tone);
  return wave;
}

/** Adds a tone with soft edges; the phase runs on through a glide, so that nothing clicks. */
function draw(wave: Float32Array, { at, lasts, hz, to = hz, volume = LOUD }: Tone): void {
  const first = Math.round(at * RATE);
  const count = Math.round(lasts * RATE);
  let phase = 0;
  for (let n = 0; n < count && first + n < wave.length; n += 1) {
    phase += (2 * Math.PI * (hz + ((to - hz) * n) / count)) / RATE;
    const edge = Math.min(1, n / (EDGE_S * RATE), (count - n) / (EDGE_S * RATE));
    // A third harmonic makes small loudspeakers be heard through talk.
    wave[first + n] = volume * edge * (0.8 * Math.sin(phase) + 0.2 * Math.sin(3 * phase));
  }
}
