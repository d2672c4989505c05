import { useSignal } from "@preact/signals";
import { mayCommand } from "../actions";
import { post } from "../api";
import * as clock from "../clock";
import { dialog, task as chosen } from "../desk";
import { Dialog } from "../Dialog";
import { clockTime, shortTime } from "../format";
import { language, t, tIfKnown } from "../language";
import { session } from "../state";
import { useAsking } from "./asking";
import type { Task, TaskVerb } from "./contract";
import { putTask, tasks } from "./tasks";

const VERBS: TaskVerb[] = ["assign", "extend", "done", "note"];
const HOUR_MS = 3_600_000;

/** One task with its story, and the four things that can be done about it. */
export function TaskDialog() {
  const task = tasks.value.get(chosen.value ?? "");
  const asking = useAsking();
  const verb = useSignal<TaskVerb>("note");
  const owner = useSignal("");
  const hours = useSignal(24);
  const words = useSignal("");
  if (!task) return null;
  const may = mayCommand(session.value) && task.state !== "done";
  const text = words.value.trim();
  const ready = may && !asking.busy.value && isComplete(verb.value, owner.value.trim(), text);

  const send = async () => {
    const body = bodyOf(verb.value, { owner: owner.value.trim(), hours: hours.value, text });
    const done = await asking.run(async (key) => {
      putTask(await post<Task>(`/v1/tasks/${task.id}/${verb.value}`, withKey(task, key, body)));
    });
    if (done) dialog.value = null;
  };

  return (
    <Dialog
      name="task"
      heading={task.text}
      {...(may ? { confirm: t(`task.do_${verb.value}`) } : {})}
      ready={ready}
      onConfirm={() => void send()}
    >
      <p>
        {t(`task.${task.kind}`)} · {task.site_name ?? "–"} · {t(`task.state_${task.state}`)}
      </p>
      <p>
        {t("task.owner")} <b>{task.owner_name}</b> · {t("task.due")}{" "}
        <b>{shortTime(task.due_at, clock.hour.value)}</b>
      </p>
      {task.reasons.map((reason, index) => (
        <p key={index} class="quiet">
          {reason[language.value]}
        </p>
      ))}
      {may && (
        <>
          <div class="segments" role="group" aria-label={t("a.group")}>
            {VERBS.map((each) => (
              <button
                key={each}
                type="button"
                aria-pressed={verb.value === each}
                onClick={() => (verb.value = each)}
                data-testid={`task-${each}`}
              >
                {t(`task.do_${each}`)}
              </button>
            ))}
          </div>
          {verb.value === "assign" && (
            <label class="field">
              {t("task.owner")}
              <input
                type="text"
                maxLength={256}
                value={owner.value}
                onInput={(event) => (owner.value = event.currentTarget.value)}
                data-testid="task-owner"
              />
            </label>
          )}
          {verb.value === "extend" && (
            <label class="field">
              {t("task.hours")}
              <input
                type="number"
                min={1}
                max={720}
                value={hours.value}
                onInput={(event) => (hours.value = Number(event.currentTarget.value) || 1)}
              />
            </label>
          )}
          <label class="field">
            {verb.value === "extend" ? t("c.reason") : t("a.note")}
            <textarea
              rows={2}
              maxLength={1000}
              value={words.value}
              onInput={(event) => (words.value = event.currentTarget.value)}
              data-first=""
              data-testid="task-words"
            />
          </label>
        </>
      )}
      <p class="fault" role="alert">
        {asking.fault}
      </p>
      <ol class="timeline">
        {task.timeline.toReversed().map((entry, index) => (
          <li key={index}>
            <time dateTime={entry.at}>{clockTime(entry.at, clock.hour.value)}</time>
            <span>
              <b>{tIfKnown("e", entry.what)}</b>
              {entry.by && <> · {entry.by}</>}
              {entry.note && <q>{entry.note}</q>}
            </span>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

/** An owner to assign to, a reason to extend, words to note; done needs nothing. */
function isComplete(verb: TaskVerb, owner: string, text: string): boolean {
  if (verb === "assign") return owner !== "";
  return verb === "done" || text !== "";
}

function bodyOf(verb: TaskVerb, said: { owner: string; hours: number; text: string }) {
  const note = said.text === "" ? {} : { note: said.text };
  if (verb === "assign") return { owner: said.owner, ...note };
  if (verb !== "extend") return note;
  const from = clock.now.peek() ?? Date.now();
  return { due_at: new Date(from + said.hours * HOUR_MS).toISOString(), reason: said.text };
}

function withKey(task: Task, key: string, body: object): object {
  return { version: task.version, key, ...body };
}
