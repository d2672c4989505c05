import { useSignal } from "@preact/signals";
import { type Action, actionsFor } from "./actions";
import { seconds } from "./clock";
import { perform } from "./commands";
import type { Alert } from "./contract";
import { act, backToQueue, NOTE_FIELD } from "./desk";
import { title } from "./format";
import { t } from "./language";
import { pending } from "./marks";
import { session } from "./state";

/** The grid never changes its places, only which action comes next. */
export function Actions({ alert }: { alert: Alert }) {
  const actions = actionsFor(alert, session.value, seconds.value);
  return (
    <>
      <div class="act" role="group" aria-label={t("a.group")} data-actions>
        {actions.map((action) => (
          <ActionButton key={action.letter} action={action} alert={alert} />
        ))}
      </div>
      {actions.some((action) => action.enabled) && <NoteField key={alert.id} alert={alert} />}
    </>
  );
}

function ActionButton({ action, alert }: { action: Action; alert: Alert }) {
  const running = pending.value.get(alert.id);
  const busy = running === action.verb;
  const label = busy
    ? t(action.verb === "acknowledge" ? "a.taking" : "a.sending")
    : t(action.label);
  // Not `disabled`: a button that loses its focus would throw the operator out of the grid.
  return (
    <button
      type="button"
      class={`action action-${action.verb} ${action.next ? "primary" : "tonal"}`}
      aria-disabled={!action.enabled || running !== undefined}
      aria-keyshortcuts={action.letter}
      onClick={() => act(action.verb)}
      data-next={action.next ? "" : undefined}
      data-testid={`act-${action.verb}`}
    >
      <kbd aria-hidden="true">{action.letter}</kbd>
      <span>
        {label}
        {action.crew && !busy && <small> {action.crew}</small>}
        <span class="unseen">: {title(alert)}</span>
      </span>
    </button>
  );
}

function NoteField({ alert }: { alert: Alert }) {
  const note = useSignal("");

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    const words = note.value.trim();
    if (words === "") return;
    if (await perform(alert, "note", { note: words })) {
      note.value = "";
      backToQueue();
    }
  }

  return (
    <form class="note" onSubmit={send}>
      <label class="unseen" for={NOTE_FIELD}>
        {t("a.note")}
      </label>
      <input
        id={NOTE_FIELD}
        type="text"
        maxLength={1000}
        placeholder={`${t("a.note")}…`}
        autocomplete="off"
        value={note.value}
        onInput={(event) => (note.value = event.currentTarget.value)}
        data-testid="note-field"
      />
      <button type="submit" class="tonal" data-testid="note-send">
        {t("c.send")}
      </button>
    </form>
  );
}
