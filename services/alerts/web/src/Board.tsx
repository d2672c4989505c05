import { useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as clock from "./clock";
import { Detail } from "./Detail";
import { dialog, middle } from "./desk";
import { DispatchDialog } from "./DispatchDialog";
import { Footer } from "./Footer";
import { Guarded } from "./Guarded";
import { Header } from "./Header";
import { onKey } from "./keys";
import { KeysDialog } from "./KeysDialog";
import { t } from "./language";
import { needsTaking } from "./order";
import { Queue } from "./Queue";
import { MergeDialog } from "./MergeDialog";
import { HandoverDialog } from "./panels/HandoverDialog";
import { JournalDialog } from "./panels/JournalDialog";
import { PerformanceDialog } from "./panels/PerformanceDialog";
import { ReadinessDialog } from "./panels/ReadinessDialog";
import { ReportDialog } from "./panels/ReportDialog";
import { SituationDialog } from "./panels/SituationDialog";
import { TaskDialog } from "./panels/TaskDialog";
import { ReasonDialog, ResolveDialog } from "./ReasonDialogs";
import { Middle } from "./Middle";
import { SessionBar } from "./SessionBar";
import { SirenBar } from "./siren/SirenState";
import { watch } from "./siren/watch";
import { open, selected, selectedId } from "./state";

export function Board() {
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    const stopWatching = watch();
    return () => {
      document.removeEventListener("keydown", onKey);
      stopWatching();
    };
  }, []);
  useSignalEffect(() => {
    document.title = pageTitle();
  });
  return (
    <>
      <div class="board" data-testid="board">
        <Guarded>
          <Header />
        </Guarded>
        <main class="columns">
          <Guarded>
            <Queue />
          </Guarded>
          <Guarded about={middle.value}>
            <Middle />
          </Guarded>
          <Guarded about={selectedId.value}>
            <Detail />
          </Guarded>
        </main>
        <Guarded>
          <Footer />
        </Guarded>
      </div>
      <SirenBar />
      <SessionBar />
      <Guarded about={dialog.value} modal>
        <Dialogs />
      </Guarded>
    </>
  );
}

function Dialogs() {
  const alert = selected.value;
  switch (dialog.value) {
    case "keys":
      return <KeysDialog />;
    case "dispatch":
      return alert && <DispatchDialog alert={alert} />;
    case "resolve":
      return alert && <ResolveDialog alert={alert} />;
    case "reopen":
    case "release":
      return alert && <ReasonDialog alert={alert} verb={dialog.value} />;
    case "merge":
      return alert && <MergeDialog alert={alert} />;
    case "journal":
      return <JournalDialog />;
    case "handover":
      return <HandoverDialog />;
    case "report":
      return <ReportDialog />;
    case "performance":
      return <PerformanceDialog />;
    case "readiness":
      return <ReadinessDialog />;
    case "situation":
      return <SituationDialog />;
    case "task":
      return <TaskDialog />;
    default:
      return null;
  }
}

/** What a look at the tab must say: lost, critical, or how many wait. */
function pageTitle(): string {
  if (clock.freshness.value === "lost") return "? Ronda";
  const waiting = open.value.filter(needsTaking);
  const critical = waiting.filter((a) => a.severity === "kritis" || a.kind === "duress").length;
  if (critical > 0) return `‼ ${critical} ${t("sev.kritis").toUpperCase()} · Ronda`;
  return waiting.length > 0 ? `(${waiting.length}) Ronda` : "Ronda";
}
