import { Away } from "./Away";
import type { Alert, Link } from "./contract";
import { clockTime } from "./format";
import { t, tIfKnown } from "./language";
import { proofOf, recordOf } from "./records";

/** What an auditor asks for: the ids under which the archive keeps all of this. */
export function Proof({ alert }: { alert: Alert }) {
  return (
    <div class="proof" data-testid="proof">
      <dl>
        <dt>{t("r.alert")}</dt>
        <dd>
          <code>{alert.id}</code> · {t("r.version", { n: alert.version })}
        </dd>
        <dt>{t("r.policy")}</dt>
        <dd>{alert.policy}</dd>
        {alert.threat_stage && (
          <>
            <dt>{t("r.stage")}</dt>
            <dd>{tIfKnown("stage", alert.threat_stage)}</dd>
          </>
        )}
      </dl>
      <h3>{t("r.events")}</h3>
      <ul>
        {alert.parts.map((part) => (
          <li key={part.event}>
            <Away href={recordOf(part.event)}>
              <code>{part.event}</code>
            </Away>{" "}
            {proofOf(part.event) && <Away href={proofOf(part.event)}>{t("r.proof")}</Away>}
            {part.copyof && <small> · {t("r.copy")}</small>}
          </li>
        ))}
      </ul>
      {alert.links?.map((link) => (
        <p key={`${link.alert} ${link.at}`}>{linkWords(link)}</p>
      ))}
    </div>
  );
}

function linkWords(link: Link): string {
  const values = { n: link.number, name: link.by, time: clockTime(link.at) };
  return t(`link.${link.kind}`, values);
}
