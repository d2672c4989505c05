/** F3: the round, what is due next, and how far it is. */

import { useSignal } from "@preact/signals";
import { holderRefused } from "./api";
import { assignment, siteName, sites } from "./assignment";
import { seconds } from "./clock";
import { duty } from "./duty";
import { dayTime, distance, shortTime } from "./format";
import { GuardPost } from "./GuardPost";
import { identity } from "./identity";
import { t } from "./language";
import { Menu } from "./Menu";
import { metresTo } from "./position";
import { go } from "./screen";
import { left, next, round, type Stop, visited, windowOf } from "./targets";
import { visit } from "./visit";

/** More targets than a thumb likes to scroll through. */
const MANY = 50;
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
      <Unlisted />
      {visit.value && <OpenVisit />}
      {!duty.value && <StartDuty />}
      {duty.value && (isPost() ? <GuardPost stop={first} /> : first && <Next stop={first} />)}
      {round.value.length === 0 && <p class="empty">{t("t.none")}</p>}
      {round.value.length > MANY ? <Grouped stops={rest} /> : <Stops stops={rest} />}
    </>
  );
}

function Stops({ stops }: { stops: Stop[] }) {
  return (
    <ul class="stops" data-testid="stops">
      {stops.map((stop) => (
        <StopRow stop={stop} key={stop.target.id} />
      ))}
    </ul>
  );
}

/** A long round: by district, and found by a word of a name. */
function Grouped({ stops }: { stops: Stop[] }) {
  const wanted = useSignal("");
  const word = wanted.value.trim().toLowerCase();
  const districtOf = ({ target }: Stop) => sites.value.get(target.site)?.district ?? "";
  const named = (stop: Stop) => `${siteName(stop.target.site)} ${districtOf(stop)}`.toLowerCase();
  const found = stops.filter((stop) => named(stop).includes(word));
  return (
    <>
      <input
        type="search"
        data-testid="find-stop"
        aria-label={t("c.search")}
        placeholder={t("c.search")}
        value={wanted.value}
        onInput={(event) => (wanted.value = event.currentTarget.value)}
      />
      {[...new Set(found.map(districtOf))].map((district) => (
        <section key={district} data-testid="district">
          <h2>{district}</h2>
          <Stops stops={found.filter((stop) => districtOf(stop) === district)} />
        </section>
      ))}
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

/** The one who holds the phone is not in the plan here. */
function Unlisted() {
  const name = duty.value?.holder?.name;
  if (!name || !holderRefused.value) return null;
  return (
    <p class="banner unknown" data-testid="unlisted">
      {t("shift.unlisted", { name, owner: identity.value?.name ?? "" })}
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
      <button
        type="button"
        class="primary"
        data-testid="open-visit"
        onClick={() => go("visit")}
      >
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
        {windowOf(stop)} · {left(stop)}
      </p>
      <button
        type="button"
        class="primary"
        data-testid="check-in"
        onClick={() => go("scan", target.site)}
      >
        {t("ci.here")}
      </button>
    </section>
  );
}

/** Guards do not walk: at their post the hourly report is one tap. */
function isPost(): boolean {
  return assignment.value?.data.person?.role === "guard";
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
        <span class="stop-window">{windowOf(stop)}</span>
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
