import * as clock from "../clock";
import type { Risk, Site, Visit } from "../contract";
import { goTo, showSite } from "../desk";
import { categoryLabel, shortTime, siteTypeName, unitName } from "../format";
import { language, t, tIfKnown } from "../language";
import { SeveritySymbol } from "../Severity";
import { statusOf } from "../sites";
import { STATUS_MARK, VISIT_MARK } from "../SiteTables";
import { open, sites } from "../state";
import { DoubtWords } from "./PresenceTable";
import { type Presence, presence } from "./presence";
import { Due, openTask } from "./TaskTable";
import { tasksAt } from "./tasks";
import { useRead } from "./useRead";

/** The latest visits of a site, and the latest that are to be checked. */
const SHOWN = 5;

/** One site: how it stands, its visits, what is open there. In the middle, so that the detail
 * keeps showing the alert on which the letters act. */
export function SitePanel({ id }: { id: string }) {
  const site = sites.value.find((each) => each.id === id);
  if (!site) return null;
  return (
    <section class="site-panel" aria-labelledby="site-title" data-testid="site-panel" data-id={id}>
      <header>
        <h2 id="site-title">{site.name}</h2>
        <button
          type="button"
          class="plain"
          onClick={() => showSite(null)}
          data-testid="close-site"
        >
          {t("c.close")} ✕
        </button>
      </header>
      <Standing site={site} />
      <div class="site-columns">
        <div>
          <SiteVisits key={id} site={site} />
          <SiteChecks key={id} id={id} />
        </div>
        <SiteOpen id={id} />
      </div>
    </section>
  );
}

function Standing({ site }: { site: Site }) {
  const status = statusOf(site);
  const since = site.since ? t("m.since", { time: shortTime(site.since, clock.hour.value) }) : "";
  return (
    <>
      <p class={`state status-${status}`}>
        <i aria-hidden="true">{STATUS_MARK[status]}</i>
        <b>{t(`st.${status}`)}</b> {since}
        {status === "unknown" && <> · {t("m.notsafe")}</>}
      </p>
      <p class="quiet">
        {siteTypeName(site.type)} · {site.district ?? unitName(site.unit)} ·{" "}
        {tIfKnown("risk", site.risk_class)}
        {site.flags?.map((flag) => (
          <span key={flag} class="unknown">
            {" "}
            · {tIfKnown("flag", flag)}
          </span>
        ))}
      </p>
      {site.risk && <RiskLine risk={site.risk} />}
    </>
  );
}

/** The band, the score, and each reason with its share of it. */
function RiskLine({ risk }: { risk: Risk }) {
  const reasons = risk.reasons.map((reason) => `${reason[language.value]} (${reason.weight})`);
  return (
    <p data-testid="site-risk" data-band={risk.band}>
      <b>{t(`band.${risk.band}`)}</b> · {t("m.score", { n: risk.score })}{" "}
      <span class="quiet">{reasons.join(" · ")}</span>
    </p>
  );
}

/** What of the site's visits is to be checked; nothing at all where there is nothing. */
function SiteChecks({ id }: { id: string }) {
  const path = `/v1/presence?site=${encodeURIComponent(id)}&limit=${SHOWN}`;
  const { data } = useRead<Presence>(path, presence.value);
  const doubts = data.value?.doubts ?? [];
  if (doubts.length === 0) return null;
  return (
    <>
      <h3>{t("chk.here")}</h3>
      <ul class="lines" data-testid="site-checks">
        {doubts.map((doubt) => (
          <li key={doubt.id}>
            <DoubtWords doubt={doubt} />
            <small>{shortTime(doubt.time, clock.hour.value)}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The last visit and the next, then what became of the latest ones. */
function SiteVisits({ site }: { site: Site }) {
  const now = clock.minute.value ?? 0;
  const path = `/v1/visits?site=${encodeURIComponent(site.id)}`;
  const { data } = useRead<{ items: Visit[] }>(path, site.visits);
  const begun = (data.value?.items ?? [])
    .filter((visit) => visit.visited_at !== null || Date.parse(visit.opens_at) <= now)
    .sort((a, b) => Date.parse(b.due_at) - Date.parse(a.due_at));
  const { last_at = null, next_due_at = null } = site.visits ?? {};
  return (
    <>
      <h3>{t("m.visit")}</h3>
      <ul class="lines" data-testid="site-visits">
        <Moment label={t("m.lastvisit")} at={last_at} none={t("m.never")} />
        <Moment label={t("m.nextvisit")} at={next_due_at} none={t("m.notplanned")} />
        {begun.slice(0, SHOWN).map((visit) => (
          <VisitLine key={visit.id} visit={visit} />
        ))}
      </ul>
    </>
  );
}

function Moment({ label, at, none }: { label: string; at: string | null; none: string }) {
  return (
    <li>
      {label}
      <small>{at === null ? none : shortTime(at, clock.hour.value)}</small>
    </li>
  );
}

function VisitLine({ visit }: { visit: Visit }) {
  return (
    <li class={`visit-${visit.state}`}>
      <span aria-hidden="true">{VISIT_MARK[visit.state]}</span>
      {tIfKnown("t", visit.state)}
      <small>{shortTime(visit.visited_at ?? visit.due_at, clock.hour.value)}</small>
    </li>
  );
}

function SiteOpen({ id }: { id: string }) {
  const alerts = open.value.filter((alert) => alert.site === id);
  const tasks = tasksAt(id);
  return (
    <div>
      <h3>{t("m.here")}</h3>
      {alerts.length + tasks.length === 0 && <p class="quiet">{t("m.nothing")}</p>}
      <ul class="lines">
        {alerts.map((alert) => (
          <li key={alert.id}>
            <button type="button" class="site-alert" onClick={() => goTo(alert.id)}>
              <SeveritySymbol alert={alert} />
              <span>{categoryLabel(alert)}</span>
            </button>
          </li>
        ))}
        {tasks.map((task) => (
          <li key={task.id}>
            <button type="button" class="site-alert" onClick={() => openTask(task.id)}>
              {task.text}
            </button>
            <small class={task.state === "overdue" ? "late" : ""}>
              <Due task={task} />
            </small>
          </li>
        ))}
      </ul>
    </div>
  );
}
