/** Links to the archive. The board never asks it anything; whoever follows one asks for himself. */

import { computed } from "@preact/signals";
import { situation } from "./state";

/** Where the archive is; null where the service does not say. */
const base = computed(() => {
  const said = situation.value?.records_url ?? null;
  if (said === null || !said.startsWith(":")) return said;
  return `${location.protocol}//${location.hostname}${said}`;
});

export const recordOf = (event: string) => link(`/v1/events/${event}`);
export const proofOf = (event: string) => link(`/v1/events/${event}/proof`);
export const photoOf = (sha256: string) => link(`/v1/media/${sha256}`);

function link(path: string): string | null {
  return base.value === null ? null : `${base.value}${path}`;
}
