/** F1: this phone becomes the phone of an officer. The only screen that needs the network. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { enrol, Later, Refused, Unusable } from "./api";
import { begun } from "./begin";
import { enrolmentCode } from "./enrolment";
import { becomeEnrolled, forgetPendingKeys, identity, keysToEnrol } from "./identity";
import { type Key, t } from "./language";
import { LanguageChoice } from "./Menu";
import { type Camera, scan } from "./scanner";
import { waiting } from "./outbox";
import { replace } from "./screen";
import { signed } from "./signing";

export function Enrol() {
  const code = useSignal(enrolmentCode(location.hash) ?? "");
  const wrong = useSignal<Key | null>(null);
  const busy = useSignal(false);
  const scanning = useSignal(false);
  const ready = enrolmentCode(code.value) !== null;
  useEffect(() => {
    const look = () => (code.value = enrolmentCode(location.hash) ?? code.value);
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  const ask = async () => {
    const found = enrolmentCode(code.value);
    if (!found || busy.value) return;
    busy.value = true;
    wrong.value = null;
    try {
      const keys = await keysToEnrol();
      const enrolled = await enrol(found, keys);
      const before = identity.value;
      // What waits was made by the old phone: its own key signs it, and the server judges.
      if (before) await signed(waiting.value);
      replace("duty");
      await becomeEnrolled(enrolled, keys);
      if (before) location.reload();
      await begun();
    } catch (error) {
      wrong.value = await explained(error);
    }
    busy.value = false;
  };
  const read = (text: string) => {
    if (enrolmentCode(text) === null) return;
    code.value = enrolmentCode(text) ?? "";
    scanning.value = false;
  };
  return (
    <main class="enrol" data-testid="screen-enrol">
      <h1>Ronda</h1>
      <h2>{t("shift.enrol")}</h2>
      <p>{t("enrol.how")}</p>
      {scanning.value && <Finder found={read} failed={() => (scanning.value = false)} />}
      <button
        type="button"
        class="tonal wide"
        data-testid="enrol-scan"
        aria-pressed={scanning.value}
        onClick={() => (scanning.value = !scanning.value)}
      >
        {t("ci.qr")}
      </button>
      <label class="field">
        <span>{t("enrol.code")}</span>
        <input
          type="text"
          data-testid="enrol-code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          maxLength={200}
          value={code.value}
          onInput={(event) => (code.value = event.currentTarget.value)}
        />
      </label>
      {wrong.value && (
        <p role="alert" class="wrong" data-testid="enrol-wrong">
          {t(wrong.value)}
        </p>
      )}
      <button
        type="button"
        class="primary wide"
        data-testid="enrol"
        aria-disabled={!ready || busy.value}
        onClick={ask}
      >
        {t("shift.enrol")}
      </button>
      <LanguageChoice />
    </main>
  );
}

async function explained(error: unknown): Promise<Key> {
  if (error instanceof Later) return "enrol.later";
  if (error instanceof Unusable) return "enrol.unknown_code";
  if (!(error instanceof Refused)) throw error;
  if (error.code === "used_key") await forgetPendingKeys();
  const known: Record<string, Key> = {
    unknown_code: "enrol.unknown_code",
    expired_code: "enrol.expired_code",
    used_code: "enrol.used_code",
  };
  return known[error.code] ?? "enrol.again";
}

function Finder({ found, failed }: { found: (code: string) => void; failed: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let camera: Camera | undefined;
    let gone = false;
    const start = async () => {
      if (!video.current) return;
      camera = await scan(video.current, found);
      if (gone) camera.stop();
    };
    start().catch(failed);
    return () => {
      gone = true;
      camera?.stop();
    };
  }, []);
  return (
    <div class="finder">
      <video ref={video} muted playsInline aria-label={t("ci.qr")} />
    </div>
  );
}
