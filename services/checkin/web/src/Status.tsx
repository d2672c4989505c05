/** The line that is on every screen: the way to the server, and what waits. */

import { connection } from "./api";
import { purpose } from "./assignment";
import { seconds } from "./clock";
import { age } from "./format";
import { t } from "./language";
import { oldest, rejected, unsent, unstored } from "./outbox";
import { note, said } from "./said";
import { nearlyFull } from "./storage";

const OLD_S = 1800;

export function Status() {
  const count = unsent.value.length;
  const waits = oldest.value === null ? 0 : (seconds.value - oldest.value) / 1000;
  const refused = rejected.value.length;
  const state = connection.value;
  const unknown = state === "offline" || state === "waiting" || state === "revoked";
  return (
    <header class={unknown ? "status unknown" : "status"} data-testid="status">
      <span data-testid="connection" data-state={state}>
        {note.value || words(state, count + refused)}
      </span>
      {count > 0 && (
        <span class={waits > OLD_S ? "old" : ""} data-testid="queue-count">
          {t("conn.queue", { n: count, age: age(waits) })}
        </span>
      )}
      {refused > 0 && (
        <span class="old" data-testid="rejected-count">
          {t("q.rejected", { n: refused })}
        </span>
      )}
      {purpose.value && (
        <strong class="drill" data-testid="drill">
          {t("c.drill")}
        </strong>
      )}
      {unstored.value && <strong data-testid="unstored">{t("q.unstored")}</strong>}
      {nearlyFull.value && <strong>{t("q.full")}</strong>}
      <span class="unseen" role="status">
        {said.value}
      </span>
    </header>
  );
}

function words(state: typeof connection.value, left: number): string {
  if (state === "revoked") return t("conn.revoked");
  if (state === "offline") return t("conn.off");
  if (state === "waiting") return t("conn.wait");
  if (state === "unknown") return t("conn.unknown");
  return left > 0 ? t("conn.on") : t("conn.ok");
}
