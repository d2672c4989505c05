/** What is asked on a visit: while it is open, and when it is corrected. */

import type { ComponentChildren } from "preact";
import { now } from "./clock";
import type { ChecklistItem, TaskLine } from "./contract";
import { dayTime } from "./format";
import { labelOf, t } from "./language";
import { Segments, Tick } from "./Page";
import { type Answer, isTask, type Situation, type Visit } from "./visit";

const MOST_GUARDS = 99;
const SITUATIONS: readonly Situation[] = ["aman", "waspada", "gangguan"];
const ANSWERS: readonly Answer[] = ["good", "bad", "unseen"];

/** The visit as it is, and what a tap makes of it. */
export interface Asked {
  open: Visit;
  change: (changes: Partial<Visit>) => void;
}

export function Guards({ open, change }: Asked) {
  const step = (by: number) => {
    change({ guards: Math.min(MOST_GUARDS, Math.max(0, (open.guards ?? 0) + by)) });
  };
  return (
    <div class="stepper" role="group" aria-label={t("ci.guards")}>
      <span>{t("ci.guards")}</span>
      <button type="button" class="plain" data-testid="guards-less" onClick={() => step(-1)}>
        <span aria-hidden="true">−</span>
        <span class="unseen">{t("ci.less")}</span>
      </button>
      <output data-testid="guards">{guardsMet(open)}</output>
      <button type="button" class="plain" data-testid="guards-more" onClick={() => step(1)}>
        <span aria-hidden="true">+</span>
        <span class="unseen">{t("ci.more")}</span>
      </button>
    </div>
  );
}

/** "5/6", "–/6", "5" */
export function guardsMet({ guards, guardsExpected }: Visit): string {
  return [guards ?? "–", guardsExpected].filter((one) => one !== undefined).join("/");
}

export function Checklist({ open, change }: Asked) {
  return (
    <section class="lines" aria-label={t("ci.checklist")} data-testid="checklist">
      {open.checklist.map((line) => (
        <Line line={line} open={open} change={change} key={line.id} />
      ))}
    </section>
  );
}

/** What others found here and nobody has mended yet. */
export function Known({ lines, open, change }: Asked & { lines: TaskLine[] }) {
  if (lines.length === 0) return null;
  return (
    <section class="card lines" data-testid="known">
      <h2 class="field-title">{t("ci.known")}</h2>
      {lines.map((line) => (
        <Line line={line} open={open} change={change} key={line.id}>
          <small>
            {line.owner}
            {line.due_at && ` · ${dayTime(line.due_at, now())}`}
          </small>
        </Line>
      ))}
    </section>
  );
}

function Line({ line, open, change, children }: Asked & {
  line: ChecklistItem;
  children?: ComponentChildren;
}) {
  const given = open.answers[line.id];
  const remark = t(isTask(line) ? "rep.note" : "ci.remark");
  const put = (answer: Answer, said = given?.remark) => {
    const entry = said === undefined ? { answer } : { answer, remark: said };
    change({ answers: { ...open.answers, [line.id]: entry } });
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

export function Dialogue({ open, change }: Asked) {
  return (
    <label class="field">
      <span>{t("ci.talk")}</span>
      <textarea
        data-testid="dialogue"
        rows={3}
        maxLength={4000}
        value={open.dialogue}
        onInput={(event) => change({ dialogue: event.currentTarget.value })}
      />
    </label>
  );
}

export function AdviceGiven({ open, change }: Asked) {
  return (
    <Tick
      label={t("ci.advice")}
      on={open.advice}
      testid="advice"
      change={(advice) => change({ advice })}
    />
  );
}

export function SituationChoice({ open, change }: Asked) {
  return (
    <div class="field">
      <h2 class="field-title" id="situation">
        {t("ci.situation")}
      </h2>
      <Segments
        label={t("ci.situation")}
        testid="situation"
        options={SITUATIONS.map((one) => [one, t(`st.${one}`)] as const)}
        value={open.situation}
        choose={(situation) => change({ situation })}
      />
    </div>
  );
}
