/** F5: what is seen and said at the site, until the check-out. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { now, seconds } from "./clock";
import type { ChecklistItem } from "./contract";
import { dayTime, distance, duration } from "./format";
import { labelOf, t } from "./language";
import { once } from "./once";
import { Head, Segments, Tick } from "./Page";
import { PhotoField } from "./PhotoField";
import { sayWritten } from "./said";
import { go, replace } from "./screen";
import {
  addPhoto,
  type Answer,
  changeVisit,
  dwell,
  finish,
  isTask,
  missing,
  type Situation,
  taskLines,
  type Visit,
  visit,
} from "./visit";
import { Weaknesses } from "./Weaknesses";

const MOST_GUARDS = 99;

export function VisitPage() {
  const open = visit.value;
  if (!open) return <NoVisit />;
  return (
    <>
      <Head title={open.siteName} />
      <Dwell open={open} />
      <Found open={open} />
      <Known open={open} />
      <Guards open={open} />
      <section aria-label={t("ci.checklist")} data-testid="checklist">
        {open.checklist.map((line) => (
          <Line line={line} open={open} key={line.id} />
        ))}
      </section>
      <label class="field">
        <span>{t("ci.talk")}</span>
        <textarea
          data-testid="dialogue"
          rows={3}
          maxLength={4000}
          value={open.dialogue}
          onInput={(event) => changeVisit({ dialogue: event.currentTarget.value })}
        />
      </label>
      <Weaknesses open={open} />
      <PhotoField chosen={open.photos.length} add={addPhoto} />
      <Tick
        label={t("ci.advice")}
        on={open.advice}
        testid="advice"
        change={(advice) => changeVisit({ advice })}
      />
      <h2 class="field-title" id="situation">
        {t("ci.situation")}
      </h2>
      <Segments
        label={t("ci.situation")}
        testid="situation"
        options={SITUATIONS.map((one) => [one, t(`st.${one}`)] as const)}
        value={open.situation}
        choose={(situation) => changeVisit({ situation })}
      />
      <Finish open={open} />
    </>
  );
}

const SITUATIONS: readonly Situation[] = ["aman", "waspada", "gangguan"];
const ANSWERS: readonly Answer[] = ["good", "bad", "unseen"];

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

/** What others found here and nobody has mended yet. */
function Known({ open }: { open: Visit }) {
  const lines = taskLines(open.site);
  if (lines.length === 0) return null;
  return (
    <section class="card" data-testid="known">
      <h2 class="field-title">{t("ci.known")}</h2>
      {lines.map((line) => (
        <Line line={line} open={open} key={line.id}>
          <small>
            {line.owner}
            {line.due_at && ` · ${dayTime(line.due_at, now())}`}
          </small>
        </Line>
      ))}
    </section>
  );
}

function Guards({ open }: { open: Visit }) {
  const change = (by: number) => {
    const guards = Math.min(MOST_GUARDS, Math.max(0, (open.guards ?? 0) + by));
    changeVisit({ guards });
  };
  return (
    <div class="stepper" role="group" aria-label={t("ci.guards")}>
      <span>{t("ci.guards")}</span>
      <button type="button" class="plain" data-testid="guards-less" onClick={() => change(-1)}>
        <span aria-hidden="true">−</span>
        <span class="unseen">{t("ci.less")}</span>
      </button>
      <output data-testid="guards">{open.guards ?? "–"}</output>
      <button type="button" class="plain" data-testid="guards-more" onClick={() => change(1)}>
        <span aria-hidden="true">+</span>
        <span class="unseen">{t("ci.more")}</span>
      </button>
    </div>
  );
}

function Line({ line, open, children }: {
  line: ChecklistItem;
  open: Visit;
  children?: ComponentChildren;
}) {
  const given = open.answers[line.id];
  const remark = t(isTask(line) ? "rep.note" : "ci.remark");
  const put = (answer: Answer, said = given?.remark) => {
    const entry = said === undefined ? { answer } : { answer, remark: said };
    changeVisit({ answers: { ...open.answers, [line.id]: entry } });
  };
  return (
    <div class="line" id={`line-${line.id}`} data-testid="line" data-item={line.id}>
      <span>{labelOf(line)}</span>
      {children}
      <Segments
        label={labelOf(line)}
        options={ANSWERS.map((one) => [one, word(line, one)] as const)}
        value={given?.answer ?? null}
        choose={put}
      />
      {given?.answer === "bad" && (
        <input
          type="text"
          aria-label={remark}
          placeholder={remark}
          maxLength={1000}
          value={given.remark ?? ""}
          onInput={(event) => put("bad", event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function word(line: ChecklistItem, answer: Answer): string {
  return isTask(line) ? t(`task.${answer}`) : t(`ci.${answer}`);
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
        <p role="alert" data-testid="missing">
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
