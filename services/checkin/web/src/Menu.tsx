/** ⋮: what is seldom needed. */

import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { dimmed } from "./Dim";
import { callMistake, mistakable } from "./duress";
import { duty } from "./duty";
import { connection } from "./api";
import { enrolling, identity } from "./identity";
import { language, t, theme } from "./language";
import { once } from "./once";
import type { Item } from "./outbox";
import { Segments } from "./Page";
import { go } from "./screen";
import { newVersion, takeNewVersion } from "./update";

export function Menu() {
  const open = useSignal(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (open.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open.value]);
  const then = (act: () => void) => () => {
    open.value = false;
    act();
  };
  return (
    <>
      <button
        type="button"
        class="more"
        data-testid="menu"
        aria-haspopup="dialog"
        onClick={() => (open.value = true)}
      >
        <span aria-hidden="true">⋮</span>
        <span class="unseen">{t("nav.menu")}</span>
        {newVersion.value && (
          <b class="mark" data-testid="new-version">
            <span class="unseen">{t("c.new")}</span>
          </b>
        )}
      </button>
      <dialog
        ref={dialog}
        class="sheet"
        aria-label={t("nav.menu")}
        onClose={() => (open.value = false)}
        onClick={(event) => event.target === dialog.current && (open.value = false)}
      >
        <div class="sheet-body">
          <p class="quiet">
            {duty.value?.holder?.name ?? identity.value?.name}
            <br />
            {t("m.device", { id: identity.value?.device ?? "" })}
          </p>
          {mistakable.value && <Mistake item={mistakable.value} then={then} />}
          <button
            type="button"
            class="plain"
            data-testid="duty"
            onClick={then(() => go("duty"))}
          >
            {duty.value ? t("shift.end") : t("shift.start")}
          </button>
          <button
            type="button"
            class="plain"
            data-testid="dim"
            onClick={then(() => (dimmed.value = true))}
          >
            {t("c.dim")}
          </button>
          <LanguageChoice />
          <Segments
            label={t("m.theme")}
            testid="theme"
            options={[
              ["dark", t("m.dark")],
              ["light", t("m.light")],
            ]}
            value={theme.value}
            choose={(chosen) => (theme.value = chosen)}
          />
          {connection.value === "revoked" && (
            <button
              type="button"
              class="tonal"
              data-testid="enrol-again"
              onClick={then(() => (enrolling.value = true))}
            >
              {t("shift.enrol")}
            </button>
          )}
          {newVersion.value && (
            <button type="button" class="tonal" data-testid="update" onClick={takeNewVersion}>
              {t("c.new")}
            </button>
          )}
          <a class="button plain" href="licenses.txt" target="_blank" data-testid="licenses">
            {t("m.licenses")}
          </a>
          <button type="button" class="plain" onClick={() => (open.value = false)}>
            {t("c.close")}
          </button>
        </div>
      </dialog>
    </>
  );
}

/** For a minute after a hold; the post is told, and decides. */
function Mistake({ item, then }: { item: Item; then: (act: () => void) => () => void }) {
  return (
    <button
      type="button"
      class="plain"
      data-testid="mistake"
      onClick={then(() => void once("mistake", () => callMistake(item)))}
    >
      {t("dur.oops")}
    </button>
  );
}

export function LanguageChoice() {
  return (
    <Segments
      label={t("m.language")}
      testid="language"
      options={[
        ["id", "Indonesia"],
        ["en", "English"],
      ]}
      value={language.value}
      choose={(chosen) => (language.value = chosen)}
    />
  );
}
