/** Vulnerabilities and advices, as lists and by site. */

import { computed, signal } from "@preact/signals";
import { onForget } from "../state";
import type { Task } from "./contract";

export const tasks = signal<ReadonlyMap<string, Task>>(new Map());

onForget(() => (tasks.value = new Map()));

/** What is overdue first, then by due time. */
export const openTasks = computed(() =>
  [...tasks.value.values()]
    .filter((task) => task.state !== "done")
    .sort(
      (a, b) =>
        Number(b.state === "overdue") - Number(a.state === "overdue") ||
        Date.parse(a.due_at) - Date.parse(b.due_at) ||
        (a.id < b.id ? -1 : 1),
    ),
);

export function takeTasks(list: readonly Task[]): void {
  tasks.value = new Map(list.map((task) => [task.id, task]));
}

export function putTask(task: Task): void {
  const known = tasks.peek().get(task.id);
  if (known && known.version >= task.version) return;
  tasks.value = new Map(tasks.peek()).set(task.id, task);
}

export function tasksAt(site: string): Task[] {
  return openTasks.value.filter((task) => task.site === site);
}
