/** The card of a guard post: every hour one tap says that nothing happened. */

import { signal } from "@preact/signals";
import { siteName } from "./assignment";
import { shortTime } from "./format";
import { t } from "./language";
import { once } from "./once";
import { say, sayWritten } from "./said";
import { go } from "./screen";
import { left, type Stop, windowOf } from "./targets";
import { nilReport, type Visit, withdraw } from "./visit";

const UNDO_MS = 10_000;

/** The nil report that can still be taken back. */
const undoable = signal<Visit | null>(null);

export function GuardPost({ stop }: { stop: Stop | null }) {
  if (undoable.value) return <Written visit={undoable.value} />;
  if (!stop) return null;
  const { site } = stop.target;
  return (
    <section class="card next" data-testid="guard-post">
      <h2>{t("post.title", { site: siteName(site) })}</h2>
      <p>
        {windowOf(stop)} · {left(stop)}
      </p>
      <div class="pair">
        {stop.stage !== "notyet" && (
          <button
            type="button"
            class="primary"
            data-testid="nil"
            onClick={() => once("nil", () => nil(site))}
          >
            {t("ci.nil")}
          </button>
        )}
        <button
          type="button"
          class="plain"
          data-testid="check-in"
          onClick={() => go("scan", site)}
        >
          {t("post.remark")}
        </button>
      </div>
    </section>
  );
}

async function nil(site: string): Promise<void> {
  const written = await nilReport(site);
  undoable.value = written;
  setTimeout(() => {
    if (undoable.value === written) undoable.value = null;
  }, UNDO_MS);
  sayWritten();
}

/** In the place of the card, so that a second tap cannot report the next hour. */
function Written({ visit }: { visit: Visit }) {
  const undo = async () => {
    undoable.value = null;
    await withdraw(visit);
    say(t("post.undone"));
  };
  return (
    <section class="card next" data-testid="nil-written">
      <h2>{siteName(visit.site)}</h2>
      <p>{t("post.written", { time: shortTime(visit.at) })}</p>
      <button type="button" class="plain" data-testid="undo" onClick={() => once("nil", undo)}>
        {t("c.undo")}
      </button>
    </section>
  );
}
