import * as clock from "./clock";
import type { Alert } from "./contract";
import { saidMistake } from "./actions";
import { Actions } from "./ActionGrid";
import { CountdownSentence } from "./Countdown";
import { categoryLabel, clockTime, postName, roleName, siteLabel, unitName } from "./format";
import { language, t, tIfKnown } from "./language";
import { marks } from "./marks";
import { needsTaking } from "./order";
import { UndoBar } from "./UndoBar";
import { Dispatches, Story } from "./Story";
import { SeveritySymbol, SeverityWord } from "./Severity";
import { selected } from "./state";
import { Summary } from "./Summary";

export function Detail() {
  const alert = selected.value;
  return (
    <aside class="detail" aria-labelledby="detail-title" data-testid="detail" data-id={alert?.id}>
      {alert ? <Chosen alert={alert} /> : <Summary />}
    </aside>
  );
}

function Chosen({ alert }: { alert: Alert }) {
  return (
    <>
      <Head alert={alert} />
      <Actions alert={alert} />
      <Notice alert={alert} />
      <UndoBar alert={alert} />
      <Dispatches alert={alert} />
      <Story alert={alert} />
    </>
  );
}

function Head({ alert }: { alert: Alert }) {
  return (
    <div class="detail-head">
      <SeveritySymbol alert={alert} calling={needsTaking(alert)} large />
      <h2 id="detail-title">{categoryLabel(alert)}</h2>
      <span class="number">#{alert.number}</span>
      <p class="detail-site">
        {siteLabel(alert)} · {unitName(alert.unit)}
      </p>
      <p class="detail-state">
        <SeverityWord alert={alert} /> · {t(`state.${alert.state}`)}
        {needsTaking(alert) && alert.level > 0 && <> · {t("s.level", { n: alert.level })}</>}
        {alert.owner && (
          <>
            {" · "}
            <b>{alert.owner.name}</b> ({roleName(alert.owner.role)}){" "}
            {clockTime(alert.owner.at, clock.hour.value)}
          </>
        )}
        {alert.outcome && <> · {tIfKnown("o", alert.outcome)}</>}
      </p>
      <Reasons alert={alert} />
      {alert.restricted && (
        <p class="proposal" data-testid="restricted">
          {t("s.restricted", { roles: alert.restricted.roles.map(roleName).join(", ") || "–" })}
        </p>
      )}
      {alert.kind === "duress" && <p class="quiet-phone">{t("dur.quiet")}</p>}
      {saidMistake(alert) && (
        <p class="proposal" data-testid="mistake">
          {t("dur.oops")}
        </p>
      )}
      {alert.undelivered && alert.undelivered.length > 0 && (
        <p class="undelivered" data-testid="undelivered">
          {t("s.undelivered", { posts: alert.undelivered.map(postName).join(", ") })}
        </p>
      )}
      {alert.closing && (
        <p class="proposal">
          {t("s.proposed", { name: alert.closing.name, time: clockTime(alert.closing.at) })}
        </p>
      )}
      <CountdownSentence alert={alert} />
    </div>
  );
}

function Reasons({ alert }: { alert: Alert }) {
  if (alert.reasons.length === 0) return null;
  return (
    <ul class="reasons" aria-label={t("s.why")}>
      {alert.reasons.map((reason) => (
        <li key={reason.code}>{reason[language.value]}</li>
      ))}
    </ul>
  );
}

/** The place for what a command was answered is always there. */
function Notice({ alert }: { alert: Alert }) {
  const note = marks.value.get(alert.id);
  return (
    <p class={note ? `notice mark-${note.kind}` : "notice"} data-testid="notice">
      {note?.text}
    </p>
  );
}
