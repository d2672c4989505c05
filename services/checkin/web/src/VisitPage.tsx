/** F5: what is seen and said at the site, until the check-out. */

import { useSignal } from "@preact/signals";
import { seconds } from "./clock";
import { distance, duration } from "./format";
import { labelOf, t } from "./language";
import { once } from "./once";
import { Head } from "./Page";
import { PhotoField } from "./PhotoField";
import { say, sayWritten } from "./said";
import { go, replace } from "./screen";
import { addPhoto, changeVisit, dwell, finish, missing, taskLines, type Visit, visit } from "./visit";
import { AdviceGiven, Checklist, Dialogue, Guards, Known, SituationChoice } from "./VisitForm";
import { Weaknesses } from "./Weaknesses";

export function VisitPage() {
  const open = visit.value;
  if (!open) return <NoVisit />;
  const asked = { open, change: changeVisit };
  return (
    <>
      <Head title={open.siteName} />
      <Dwell open={open} />
      <Found open={open} />
      <Known lines={taskLines(open.site)} {...asked} />
      <Guards {...asked} />
      <Checklist {...asked} />
      <div class="two">
        <Dialogue {...asked} />
        <Weaknesses open={open} />
        <div class="stack">
          <PhotoField chosen={open.photos.length} add={addPhoto} />
          <AdviceGiven {...asked} />
        </div>
        <SituationChoice {...asked} />
      </div>
      <Finish open={open} />
    </>
  );
}

function NoVisit() {
  return (
    <>
      <Head title={t("ci.title")} />
      <p class="empty">{t("ci.none")}</p>
      <button type="button" class="primary wide" onClick={() => replace("tasks")}>
        {t("nav.tasks")}
      </button>
    </>
  );
}

function Dwell({ open }: { open: Visit }) {
  void seconds.value; // once a second
  const least = open.leastDwell;
  return (
    <p class="dwell" data-testid="dwell">
      <span>{t("ci.dwell", { t: duration(dwell(open)) })}</span>
      {least > 0 && <small> {t("ci.least", { t: duration(least) })}</small>}
    </p>
  );
}

/** How the check-in was made; only what the officer can mend is named. */
function Found({ open }: { open: Visit }) {
  const { distance: away, radius, accuracy } = open;
  const inside = away !== null && radius !== null && away <= radius + (accuracy ?? 0);
  return (
    <p class="quiet">
      {t(`method.${open.method}`)}
      {away !== null && ` · ${t("ci.distance", { d: distance(away) })}`}
      {inside && " ✓"}
      {away !== null && !inside && radius !== null && (
        <span class="where-line">{t("ci.out", { m: radius })}</span>
      )}
    </p>
  );
}

function Finish({ open }: { open: Visit }) {
  const told = useSignal(false);
  void seconds.value;
  const left = missing(open);
  const first = left[0];
  const name = first === "situation" ? t("ci.situation") : first ? labelOf(first) : "";
  const short = dwell(open) < open.leastDwell;
  const done = async () => {
    if (!first) {
      await finish();
      sayWritten();
      replace("tasks");
      go("activity", open.id);
      return;
    }
    told.value = true;
    // The line that is jumped to may be far from this button; the status line is always in view.
    say(t("ci.missing", { name }));
    const id = first === "situation" ? "situation" : `line-${first.id}`;
    document.getElementById(id)?.scrollIntoView({ block: "center" });
  };
  return (
    <div class="finish">
      {short && (
        <p data-testid="short">
          {t("ci.short", { a: duration(dwell(open)), b: duration(open.leastDwell) })}
        </p>
      )}
      {first && told.value && (
        <p data-testid="missing">
          {t("ci.missing", { name })}
        </p>
      )}
      <button
        type="button"
        class="primary wide"
        data-testid="finish"
        aria-disabled={left.length > 0}
        onClick={() => once("visit", done)}
      >
        {t("ci.finish")}
      </button>
    </div>
  );
}
