import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { mayCommand } from "./actions";
import { Choices } from "./Choices";
import { type Dialog, dialog } from "./desk";
import { leave } from "./entry";
import { roleName } from "./format";
import { type Key, t } from "./language";
import { setWanted, wanted } from "./siren/watch";
import { session, situation } from "./state";

const ENTRIES: [Dialog, Key, string][] = [
  ["handover", "ho.title", ""],
  ["journal", "ho.journal", ""],
  ["report", "b.voice", "L"],
  ["performance", "b.perf", ""],
  ["readiness", "b.ready", ""],
  ["situation", "sit.title", ""],
  ["keys", "k.title", "?"],
];

/** The operator's name opens what is not needed every minute. */
export function Menu() {
  const open = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const person = session.value;
  useEffect(() => {
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("focusin", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("focusin", away);
    };
  }, []);
  if (person === null) return null;
  const close = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open.value) return;
    event.stopPropagation();
    open.value = false;
    box.current?.querySelector("button")?.focus();
  };
  return (
    <div class="person" ref={box} onKeyDown={close}>
      <button
        type="button"
        class="person-button"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
        data-testid="menu"
      >
        <span data-testid="person">
          <b>{person.name}</b>
          <small>{roleName(person.role)}</small>
        </span>
        <span aria-hidden="true">▾</span>
      </button>
      {open.value && <Entries close={() => (open.value = false)} />}
    </div>
  );
}

/** Of others what these send would be refused. */
function mayOpen(name: Dialog): boolean {
  if (name === "report") return mayCommand(session.value);
  return name !== "situation" || situation.value?.may_change === true;
}

function Entries({ close }: { close: () => void }) {
  const show = (name: Dialog) => {
    close();
    dialog.value = name;
  };
  const entries = ENTRIES.filter(([name]) => mayOpen(name));
  const records = situation.value?.records_url;
  return (
    <div class="menu" data-testid="menu-entries">
      {entries.map(([name, label, key]) => (
        <button key={name} type="button" onClick={() => show(name)} data-testid={`menu-${name}`}>
          {t(label)} {key && <kbd aria-hidden="true">{key}</kbd>}
        </button>
      ))}
      <a href="?mode=wall" data-testid="menu-wall">
        {t("b.wall")}
      </a>
      {records && <a href={records}>{t("b.records")}</a>}
      <label class="menu-check">
        <input
          type="checkbox"
          checked={wanted.value}
          onChange={(event) => setWanted(event.currentTarget.checked)}
          data-testid="siren-wanted"
        />
        {t("snd.here")}
      </label>
      <Choices />
      <button type="button" onClick={() => void leave()} data-testid="logout">
        {t("c.logout")}
      </button>
    </div>
  );
}
