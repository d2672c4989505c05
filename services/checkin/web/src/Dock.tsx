/** What the thumb reaches on every screen: Darurat, LAPOR, and where to go. */

import { Duress } from "./Duress";
import { shortTime } from "./format";
import { type Key, t } from "./language";
import { once } from "./once";
import { items, unsent } from "./outbox";
import { begin, report, reportLabel, sendReport } from "./report";
import { say, sayWritten } from "./said";
import { go, leave, type Screen, screen } from "./screen";

const TABS: [Screen, Key][] = [
  ["tasks", "nav.tasks"],
  ["scan", "nav.scan"],
  ["queue", "nav.queue"],
  ["activity", "nav.activity"],
];
const WITHOUT_TABS = new Set<Screen>(["visit", "report", "correct"]);

export function Dock() {
  return (
    <footer class="dock">
      {screen.value === "report" && <Add />}
      <div class="dock-main">
        <Duress />
        {screen.value === "report" ? <Send /> : <Begin />}
      </div>
      {!WITHOUT_TABS.has(screen.value) && <Tabs count={unsent.value.length} />}
    </footer>
  );
}

function Begin() {
  const open = () => {
    begin();
    go("report");
  };
  return (
    <button type="button" class="primary" data-testid="report" onClick={open}>
      {t("nav.report")}
    </button>
  );
}

async function send(addsTo?: string): Promise<void> {
  if (report.value.chosen === null) {
    say(t("rep.what"));
    return;
  }
  await sendReport(addsTo);
  sayWritten();
  leave();
}

/** The same happening again: as many taps as a report of its own. */
function Add() {
  const { earlier, chosen } = report.value;
  const before = earlier && items.value.find((item) => item.id === earlier);
  if (!before) return null;
  return (
    <div class="dock-more">
      <button
        type="button"
        class="tonal wide"
        data-testid="send-added"
        aria-disabled={chosen === null}
        onClick={() => once("report", () => send(before.id))}
      >
        <span>
          {t("rep.add", { time: shortTime(before.event.time) })}
          <small>{reportLabel(String(before.event.data.category))}</small>
        </span>
      </button>
    </div>
  );
}

function Send() {
  const { earlier, chosen } = report.value;
  return (
    <>
      <button type="button" class="plain" data-testid="cancel" onClick={() => leave()}>
        {t("c.cancel")}
      </button>
      <button
        type="button"
        class="primary"
        data-testid="send"
        aria-disabled={chosen === null}
        onClick={() => once("report", () => send())}
      >
        {t(earlier ? "rep.sendnew" : "rep.send")}
      </button>
    </>
  );
}

function Tabs({ count }: { count: number }) {
  return (
    <nav class="tabs" aria-label={t("nav.menu")}>
      {TABS.map(([to, key]) => (
        <button
          type="button"
          data-testid={`tab-${to}`}
          aria-current={screen.value === to ? "page" : undefined}
          onClick={() => go(to)}
        >
          {t(key)}
          {to === "queue" && count > 0 && <b>{count}</b>}
        </button>
      ))}
    </nav>
  );
}
