import { useSignal } from "@preact/signals";
import { mayRelease } from "./actions";
import { seconds } from "./clock";
import { perform } from "./commands";
import type { Alert } from "./contract";
import { dialog } from "./desk";
import { Dialog } from "./Dialog";
import { duration, title } from "./format";
import { type Key, t } from "./language";
import { session } from "./state";

const OUTCOMES = [
  "safe_unfounded",
  "handled_on_site",
  "referred_reskrim",
  "referred_bawaslu",
  "referred_kpu",
  "referred_other",
  "duplicate",
  "test",
] as const;

/** How it ended. Nothing is chosen beforehand; an officer's emergency wants a voice first. */
export function ResolveDialog({ alert }: { alert: Alert }) {
  const outcome = useSignal<string | null>(null);
  const note = useSignal("");
  const heard = useSignal(false);
  const duress = alert.kind === "duress";
  const chosen = outcome.value;

  const resolve = () => {
    if (chosen === null) return;
    dialog.value = null;
    const words = [duress ? t("dur.voice") : "", note.value.trim()].filter(Boolean).join(". ");
    void perform(alert, "resolve", words ? { outcome: chosen, note: words } : { outcome: chosen });
  };

  return (
    <Dialog
      name="resolve"
      heading={`${t("a.resolve")}: ${title(alert)}`}
      confirm={t("a.resolve")}
      ready={chosen !== null && (heard.value || !duress)}
      onConfirm={resolve}
    >
      <div class="options" role="radiogroup" aria-label={t("o.title")}>
        {OUTCOMES.map((code, index) => (
          <label key={code} class="option">
            <input
              type="radio"
              name="outcome"
              value={code}
              checked={chosen === code}
              onChange={() => (outcome.value = code)}
              data-first={index === 0 ? "" : undefined}
              data-testid="outcome-option"
              data-outcome={code}
            />
            {t(`o.${code}` satisfies Key)}
          </label>
        ))}
      </div>
      {duress && (
        <label class="option">
          <input
            type="checkbox"
            checked={heard.value}
            onChange={(event) => (heard.value = event.currentTarget.checked)}
            data-testid="voice-check"
          />
          {t("dur.voice")}
        </label>
      )}
      <label class="field">
        {t("c.optional", { what: t("a.note") })}
        <input
          type="text"
          maxLength={500}
          value={note.value}
          onInput={(event) => (note.value = event.currentTarget.value)}
          data-testid="resolve-note"
        />
      </label>
    </Dialog>
  );
}

/** What says that it is not as it was said to be: it is not over, or I am not the one. */
export function ReasonDialog({ alert, verb }: { alert: Alert; verb: "reopen" | "release" }) {
  const reason = useSignal("");
  const words = reason.value.trim();
  const late = verb === "release" && !mayRelease(alert, session.value, seconds.value);

  const confirm = () => {
    dialog.value = null;
    void perform(alert, verb, { reason: words });
  };

  return (
    <Dialog
      name={verb}
      heading={`${t(`a.${verb}`)}: ${title(alert)}`}
      confirm={t(`a.${verb}`)}
      ready={words !== "" && !late}
      onConfirm={confirm}
    >
      {verb === "release" && (
        <p class="quiet" data-testid="release-left">
          {late ? t("a.released_late") : t("a.released_left", { t: timeLeft(alert) })}
        </p>
      )}
      <label class="field">
        {t("c.reason")}
        <textarea
          rows={3}
          maxLength={500}
          required
          value={reason.value}
          onInput={(event) => (reason.value = event.currentTarget.value)}
          data-first=""
          data-testid={`${verb}-reason`}
        />
      </label>
    </Dialog>
  );
}

function timeLeft({ interrupted }: Alert): string {
  const until = Date.parse(interrupted?.until ?? "");
  return duration(Math.max(0, Math.ceil((until - (seconds.value ?? until)) / 1000)));
}
