import * as clock from "../clock";
import { dialog, task as chosen } from "../desk";
import { age, shortTime } from "../format";
import { t } from "../language";
import type { Task } from "./contract";
import { openTasks } from "./tasks";

/** What is to be mended before it happens, who sees to it, and until when. */
export function TaskTable() {
  const list = openTasks.value;
  if (list.length === 0) return <p class="quiet">{t("task.none")}</p>;
  return (
    <div class="table-box" tabIndex={0} aria-label={t("m.tasks")} role="region">
      <table class="tasks" data-testid="tasks">
        <thead>
          <tr>
            <th scope="col">{t("task.what")}</th>
            <th scope="col">{t("task.owner")}</th>
            <th scope="col">{t("task.due")}</th>
          </tr>
        </thead>
        <tbody>
          {list.map((task) => (
            <TaskRow key={task.id} task={task} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function openTask(id: string): void {
  chosen.value = id;
  dialog.value = "task";
}

function TaskRow({ task }: { task: Task }) {
  return (
    <tr data-testid="task-row" data-id={task.id} data-state={task.state}>
      <th scope="row">
        <button type="button" class="site-name" onClick={() => openTask(task.id)}>
          {task.text}
          <small>
            {t(`task.${task.kind}`)} · {task.site_name ?? task.site ?? "–"}
            {task.stage && ` · ${task.stage}`}
          </small>
        </button>
      </th>
      <td>{task.owner_name}</td>
      <td class={task.state === "overdue" ? "late" : ""}>
        <Due task={task} />
      </td>
    </tr>
  );
}

export function Due({ task }: { task: Task }) {
  const now = clock.countdownNow.value;
  const due = Date.parse(task.due_at);
  const text = shortTime(task.due_at, clock.hour.value);
  if (task.state === "done" || now === null) return <>{text}</>;
  const left = (due - now) / 1000;
  return (
    <>
      {text}{" "}
      <small>
        {left < 0 ? t("task.over", { age: age(-left) }) : t("task.left", { age: age(left) })}
      </small>
    </>
  );
}
