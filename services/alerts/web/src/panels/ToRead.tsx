import { useSignal } from "@preact/signals";
import { sentence } from "../Countdown";
import type { Alert } from "../contract";
import { clockTime, title } from "../format";
import { t, tIfKnown } from "../language";
import { compare } from "../order";
import { standing } from "../Row";
import { SeveritySymbol, SeverityWord } from "../Severity";
import { alerts } from "../state";

const SHOWN_LINES = 6;

interface Props {
  ids: string[];
  read: ReadonlySet<string>;
  opened: (id: string) => void;
}

/** The grave alerts that whoever takes the watch opens, one by one. */
export function ToRead({ ids, read, opened }: Props) {
  const shown = useSignal<string | null>(null);
  const open = (id: string) => {
    shown.value = shown.value === id ? null : id;
    opened(id);
  };
  return (
    <ul class="to-read" data-testid="to-read">
      {gravest(ids).map((id) => {
        const alert = alerts.value.get(id);
        return (
          alert && (
            <li key={id}>
              <button
                type="button"
                class="plain"
                aria-expanded={shown.value === id}
                onClick={() => open(id)}
                data-testid="read-alert"
                data-id={id}
              >
                <SeveritySymbol alert={alert} />
                <span>{title(alert)}</span>
                <b class={read.has(id) ? "" : "unknown"}>{t(read.has(id) ? "ho.read" : "ho.open1")}</b>
              </button>
              {shown.value === id && <Short alert={alert} />}
            </li>
          )
        );
      })}
    </ul>
  );
}

function gravest(ids: string[]): string[] {
  const known = ids.flatMap((id) => alerts.value.get(id) ?? []);
  return known.sort(compare).map((alert) => alert.id);
}

function Short({ alert }: { alert: Alert }) {
  return (
    <div class="short">
      <p>
        <SeverityWord alert={alert} /> · {standing(alert)} · {sentence(alert)}
      </p>
      <ol>
        {alert.timeline
          .slice(-SHOWN_LINES)
          .reverse()
          .map((entry, index) => (
            <li key={index}>
              {clockTime(entry.at)} {tIfKnown("e", entry.what)}
              {entry.by && <> · {entry.by}</>}
            </li>
          ))}
      </ol>
    </div>
  );
}
