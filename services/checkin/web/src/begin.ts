/** What begins once this phone is somebody's: reading what it remembers, then sending and hearing. */

import { loadAmended } from "./amend";
import { askForCrew, loadAssignment, startRefreshing } from "./assignment";
import { startAttention } from "./attention";
import { startFollowing } from "./duress";
import { duty, loadDuty } from "./duty";
import { identity } from "./identity";
import { loadInbox, startListening } from "./inbox";
import { startOutbox } from "./outbox";
import { startSending, wake } from "./sender";
import { watchStorage } from "./storage";
import { startTracking } from "./track";
import { loadVisits } from "./visit";
import { startWatching } from "./watching";

let running = false;

export async function begun(): Promise<void> {
  if (!identity.value) return;
  if (running) {
    askForCrew(null);
    return;
  }
  running = true;
  const remembered = [loadAssignment(), loadInbox(), loadDuty(), loadVisits(), loadAmended()];
  await Promise.all([...remembered, startOutbox(wake)]);
  startSending();
  startRefreshing(duty.value?.crew ?? null);
  startListening();
  startTracking();
  watchStorage();
  startAttention();
  await startFollowing();
  startWatching();
}
