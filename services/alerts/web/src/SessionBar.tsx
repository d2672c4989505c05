import * as clock from "./clock";
import { leave } from "./entry";
import { clockTime } from "./format";
import { t } from "./language";
import { isWall, session } from "./state";

/** Nobody sits at a wall: who passes by has an hour to see it. */
const WARNING_MS = isWall ? 3_600_000 : 300_000;

/** From some minutes before its end the session says so; over the foot, so that nothing moves. */
export function SessionBar() {
  const ends = session.value?.expires_at;
  const now = clock.seconds.value;
  if (!ends || now === null || Date.parse(ends) - now > WARNING_MS) return null;
  return (
    <p class="session-bar" role="status" data-testid="session-bar">
      {t(isWall ? "login.wallends" : "login.ends", { time: clockTime(ends) })}{" "}
      <button type="button" class="tonal" onClick={() => void leave()}>
        {t("login.again")}
      </button>
    </p>
  );
}
