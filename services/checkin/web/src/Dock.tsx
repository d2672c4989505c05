/** What the thumb reaches on every screen: Darurat, LAPOR, and where to go. */

import { Duress } from "./Duress";
import { type Key, t } from "./language";
import { once } from "./once";
import { unsent } from "./outbox";
import { begin, report, sendReport } from "./report";
import { say, sayWritten } from "./said";
import { go, leave, type Screen, screen } from "./screen";

const TABS: [Screen, Key][] = [
  ["tasks", "nav.tasks"],
  ["scan", "nav.scan"],
  ["queue", "nav.queue"],
  ["activity", "nav.activity"],
];
const WITHOUT_TABS = new Set<Screen>(["visit", "report"]);

export function Dock() {
  return (
    <footer class="dock">
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

function Send() {
  const ready = report.value.chosen !== null;
  const send = async () => {
    if (report.value.chosen === null) {
      say(t("rep.what"));
      return;
    }
    await sendReport();
    sayWritten();
    leave();
  };
  return (
    <>
      <button type="button" class="plain" data-testid="cancel" onClick={() => leave()}>
        {t("c.cancel")}
      </button>
      <button
        type="button"
        class="primary"
        data-testid="send"
        aria-disabled={!ready}
        onClick={() => once("report", send)}
      >
        {t("rep.send")}
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
