/** F3: the round, what is due next, and how far it is. */

import { assignment, siteName, sites } from "./assignment";
import { seconds } from "./clock";
import { duty } from "./duty";
import { dayTime, distance, shortTime } from "./format";
import { t } from "./language";
import { Menu } from "./Menu";
import { metresTo } from "./position";
import { go } from "./screen";
import { next, round, type Stop, visited } from "./targets";
import { nilReport, visit } from "./visit";
import { say } from "./said";

const STALE_MS = 12 * 3600_000;
const SIGNS: Record<Stop["stage"], string> = {
  open: "◔",
  notyet: "○",
  due: "◔",
  risk: "◔",
  over: "◔",
  missed: "▲",
  done: "✓",
  late: "✓ᵗ",
};

export function Tasks() {
  const first = visit.value ? null : next.value;
  const rest = round.value.filter((one) => one !== first);
  return (
    <>
      <div class="head">
        <h1>{t("t.title")}</h1>
        <Menu />
      </div>
      <Round />
      <AsOf />
      {visit.value && <OpenVisit />}
      {duty.value ? first && <Next stop={first} /> : <StartDuty />}
      {round.value.length === 0 && <p class="empty">{t("t.none")}</p>}
      <ul class="stops" data-testid="stops">
        {rest.map((stop) => (
          <StopRow stop={stop} key={stop.target.id} />
        ))}
      </ul>
    </>
  );
}

function Round() {
  const total = round.value.length;
  return (
    <p class="round">
      <span>
        {duty.value
          ? t("t.crew", { crew: duty.value.crew, n: duty.value.members.length })
          : t("t.offduty")}
      </span>
      {total > 0 && (
        <span data-testid="progress">{t("t.progress", { a: visited.value, b: total })}</span>
      )}
    </p>
  );
}

function AsOf() {
  const known = assignment.value;
  if (!known || seconds.value - known.at < STALE_MS) return null;
  return (
    <p class="banner unknown" data-testid="as-of">
      {t("t.asof", { time: dayTime(known.at, seconds.value) })}
    </p>
  );
}

function StartDuty() {
  return (
    <section class="card next">
      <p>{t("t.startfirst")}</p>
      <button type="button" class="primary" data-testid="open-duty" onClick={() => go("duty")}>
        {t("shift.start")}
      </button>
    </section>
  );
}

function OpenVisit() {
  return (
    <section class="card next">
      <h2>{visit.value?.siteName}</h2>
      <p>{t("ci.open")}</p>
      <button type="button" class="primary" data-testid="open-visit" onClick={() => go("visit")}>
        {t("ci.continue")}
      </button>
    </section>
  );
}

function Next({ stop }: { stop: Stop }) {
  const { target } = stop;
  const site = sites.value.get(target.site);
  const away = site ? metresTo(site) : null;
  return (
    <section class="card next" data-testid="next">
      <p class="quiet">
        {t("t.next")}
        {away !== null && ` · ${distance(away)}`}
      </p>
      <h2>{siteName(target.site)}</h2>
      <p>
        {shortTime(target.opens_at)}–{shortTime(target.grace_until)} · {left(stop)}
      </p>
      <button
        type="button"
        class="primary"
        data-testid="check-in"
        onClick={() => go("scan", target.site)}
      >
        {t("ci.here")}
      </button>
      {isPost() && <Nil site={target.site} />}
    </section>
  );
}

/** Guards do not walk: at their post the hourly report is one tap. */
function isPost(): boolean {
  return assignment.value?.data.person?.role === "guard";
}

function Nil({ site }: { site: string }) {
  const write = async () => {
    await nilReport(site);
    say(t("q.saved"));
  };
  return (
    <button type="button" class="tonal" data-testid="nil" onClick={write}>
      {t("ci.nil")}
    </button>
  );
}

/** What the clock says of the window: how long until it opens, is due, or is over. */
function left({ target, stage }: Stop): string {
  const minutes = (to: string) =>
    Math.max(0, Math.ceil((Date.parse(to) - seconds.value) / 60_000));
  if (stage === "notyet") return t("t.opens", { min: minutes(target.opens_at) });
  if (stage === "due") return t("t.left", { min: minutes(target.due_at) });
  return `${t("t.risk")} · ${t("t.left", { min: minutes(target.grace_until) })}`;
}

function StopRow({ stop }: { stop: Stop }) {
  const { target, stage, at } = stop;
  return (
    <li>
      <button
        type="button"
        class="stop"
        data-testid="stop"
        data-stage={stage}
        data-site={target.site}
        onClick={() => go(stage === "open" ? "visit" : "scan", target.site)}
      >
        <span class="stop-site">{siteName(target.site)}</span>
        <span class="stop-window">
          {shortTime(target.opens_at)}–{shortTime(target.due_at)}
        </span>
        <span class={`stop-stage ${stage}`}>
          <span aria-hidden="true">{SIGNS[stage]}</span> {stageWords(stage, at)}
        </span>
      </button>
    </li>
  );
}

function stageWords(stage: Stop["stage"], at: number | null): string {
  if (stage === "done") return t("t.done", { time: at === null ? "" : shortTime(at) });
  if (stage === "late") return `${t("t.late")}${at === null ? "" : ` ${shortTime(at)}`}`;
  return t(`t.${stage}`);
}
