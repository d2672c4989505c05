import { t } from "../language";
import { armed, arm } from "./player";
import { pattern, quietLeft, silence, wanted } from "./watch";

/** In the header: whether the siren is on, sounds, or is silent for how long. */
export function SirenState() {
  const left = quietLeft.value;
  const sounding = pattern.value !== null && armed.value && wanted.value;
  return (
    <div class="siren">
      <button
        type="button"
        class="plain"
        aria-disabled={!sounding || left > 0}
        aria-keyshortcuts="M"
        onClick={silence}
        data-testid="silence"
      >
        <kbd aria-hidden="true">M</kbd>{" "}
        {left > 0 ? t("snd.quiet", { s: left }) : t("snd.mute")}
      </button>
      <span class={stateClass(sounding)} data-testid="siren-state">
        {t(stateWord(sounding))}
      </span>
    </div>
  );
}

function stateWord(sounding: boolean) {
  if (!wanted.value) return "snd.nothere";
  if (!armed.value) return "snd.unarmed";
  return sounding && quietLeft.value === 0 ? "snd.sounds" : "snd.on";
}

function stateClass(sounding: boolean): string {
  if (!wanted.value || !armed.value) return "siren-state unknown";
  return sounding ? "siren-state sounds" : "siren-state";
}

/** Over the foot of the page, so that nothing moves when it goes. */
export function SirenBar() {
  if (armed.value || !wanted.value) return null;
  return (
    <button type="button" class="siren-bar" onClick={() => void arm()} data-testid="siren-bar">
      {t("snd.off")}
    </button>
  );
}
