import { enrolling, identity } from "./identity";
import { Activity } from "./Activity";
import { Correct } from "./Correct";
import { Dim, dimmed } from "./Dim";
import { Dock } from "./Dock";
import { Duty } from "./Duty";
import { Enrol } from "./Enrol";
import { ItemPage } from "./ItemPage";
import { t } from "./language";
import { Notices } from "./Notices";
import { Queue } from "./Queue";
import { Report } from "./Report";
import { Scan } from "./Scan";
import { type Screen, screen } from "./screen";
import { Status } from "./Status";
import { Tasks } from "./Tasks";
import { VisitPage } from "./VisitPage";

const PAGES: Record<Screen, () => preact.JSX.Element> = {
  tasks: Tasks,
  scan: Scan,
  visit: VisitPage,
  report: Report,
  queue: Queue,
  activity: Activity,
  correct: Correct,
  duty: Duty,
  item: ItemPage,
};

export function App() {
  if (!identity.value || enrolling.value) return <Enrol />;
  const Page = PAGES[screen.value];
  return (
    <div class="frame" lang={document.documentElement.lang}>
      <Status />
      <main data-testid={`screen-${screen.value}`} aria-label={t("app.name")}>
        {screen.value !== "report" && <Notices />}
        <Page />
      </main>
      <Dock />
      {dimmed.value && <Dim />}
    </div>
  );
}
