/** Keeps the app on the phone, and offers a new version when nothing is under way. */

import { computed, signal } from "@preact/signals";
import { unsent } from "./outbox";
import { visit } from "./visit";

/** An app that is never closed would not hear of a new version by itself. */
const LOOK_EVERY_MS = 3600_000;

const waitingWorker = signal<ServiceWorker | null>(null);

/** Offered only while no visit is open and nothing waits in the queue. */
export const newVersion = computed(
  () => waitingWorker.value !== null && visit.value === null && unsent.value.length === 0,
);

export async function keepApp(): Promise<void> {
  void navigator.storage?.persist?.();
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("/app/worker.js", {
    scope: "/app/",
  });
  const look = () => (waitingWorker.value = registration.waiting);
  look();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", look);
  });
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
}

/** The page is loaded anew as soon as the new version has taken over. */
export function takeNewVersion(): void {
  if (!newVersion.value) return;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  waitingWorker.value?.postMessage("take over");
}
