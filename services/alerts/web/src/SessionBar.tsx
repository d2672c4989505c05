import * as clock from "./clock";
import { leave } from "./entry";
import { clockTime } from "./format";
import { t } from "./language";
import { session } from "./state";

const WARNING_MS = 300_000;

/** From five minutes before its end the session says so; over the foot, so that nothing moves. */
export function SessionBar() {
  const ends = session.value?.expires_at;
  const now = clock.seconds.value;
  if (!ends || now === null || Date.parse(ends) - now > WARNING_MS) return null;
  return (
    <p class="session-bar" role="status" data-testid="session-bar">
      {t("login.ends", { time: clockTime(ends) })}{" "}
      <button type="button" class="tonal" onClick={() => void leave()}>
        {t("login.again")}
      </button>
    </p>
  );
}
