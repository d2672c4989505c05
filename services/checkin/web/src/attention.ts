/** Sound and vibration, only for an order to this crew and the welfare question, never in duress. */

import { effect } from "@preact/signals";
import { openNudge, openOrders } from "./answers";
import { quiet } from "./duress";

const VIBRATION_MS = [400, 150, 400];
const TONE_HZ = 740;
const TONE_S = 0.5;

export function startAttention(): void {
  const known = new Set<string>();
  effect(() => {
    const orders = openOrders.value.filter(({ step }) => step === null);
    const wanted = [...orders.map(({ key }) => key), openNudge.value?.id];
    for (const id of wanted) {
      if (id === undefined || known.has(id)) continue;
      known.add(id);
      if (!quiet.peek()) call();
    }
  });
}

function call(): void {
  // Before the first touch of the page the browser allows neither; whoever opened it is looking.
  if (navigator.userActivation?.hasBeenActive === false) return;
  navigator.vibrate?.(VIBRATION_MS);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = TONE_HZ;
  volume.gain.value = 0.2;
  tone.connect(volume).connect(audio.destination);
  tone.onended = () => void audio.close();
  tone.start();
  tone.stop(audio.currentTime + TONE_S);
}
