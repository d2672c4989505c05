import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import * as clock from "../clock";
import { Dialog } from "../Dialog";
import { categoryName, decimal, title } from "../format";
import { language, t, theme, tIfKnown, tOr } from "../language";
import { alerts, sites } from "../state";
import type { Figure, Performance, Window } from "./contract";
import { useRead } from "./useRead";
import { Waiting } from "./Waiting";

const WINDOWS: Window[] = ["shift", "24h", "30d"];
const SEVERITIES = ["kritis", "tinggi", "sedang", "rendah"] as const;
/** Fewer cases than this have no percentage. */
const ENOUGH = 20;
const MOST_OPERATORS = 50;

/** How the alarms themselves do, by EEMUA 191 and ISA-18.2; colour only outside the aim. */
export function PerformanceDialog() {
  const window = useSignal<Window>("shift");
  // Rates are for each operator. Who is here is asked once, so that nothing moves while one reads.
  const present = useMemo(() => Math.min(MOST_OPERATORS, Math.max(1, clock.operators.peek())), []);
  const path = `/v1/performance?window=${window.value}&operators=${present}`;
  const reading = useRead<Performance>(path);
  const found = reading.data.value;
  return (
    <Dialog name="performance" heading={t("b.perf")} wide>
      <div class="segments" role="group" aria-label={t("perf.window")}>
        {WINDOWS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={window.value === each}
            onClick={() => (window.value = each)}
            data-testid={`window-${each}`}
          >
            {t(`perf.${each}`)}
          </button>
        ))}
      </div>
      {found === null ? <Waiting reading={reading} /> : <Panel found={found} />}
    </Dialog>
  );
}

function Panel({ found }: { found: Performance }) {
  return (
    <div class="performance" data-testid="performance">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{t("perf.figure")}</th>
            <th scope="col">{t("perf.value")}</th>
            <th scope="col">{t("perf.aim")}</th>
          </tr>
        </thead>
        <tbody>
          {found.figures.map((figure) => (
            <FigureRow key={figure.id} figure={figure} />
          ))}
        </tbody>
      </table>
      <div>
        <p class="quiet" data-testid="per-operators">
          {t("perf.operators", { n: found.operators })}
        </p>
        <h3>{t("perf.curve")}</h3>
        <Curve spans={found.per_10min} />
        <h3>{t("perf.severities")}</h3>
        <Bars
          rows={SEVERITIES.map((name) => [t(`sev.${name}`), found.severities[name] ?? 0])}
        />
        <h3>{t("perf.sources")}</h3>
        <Bars rows={found.sources.map((each) => [each.name ?? each.site ?? "–", each.count])} />
        <Named found={found} />
      </div>
    </div>
  );
}

function FigureRow({ figure }: { figure: Figure }) {
  return (
    <tr class={`level-${figure.level}`} data-testid="figure" data-id={figure.id}>
      <th scope="row">{tIfKnown("fig", figure.id)}</th>
      <td>
        <b>{valueOf(figure)}</b>
        {figure.level === "watch" || figure.level === "act" ? (
          <small> {t(`perf.${figure.level}`)}</small>
        ) : null}
      </td>
      <td class="quiet">{tOr("aim", figure.id, t("aim.none"))}</td>
    </tr>
  );
}

/** A share is a percentage only where there is enough to divide. */
function valueOf({ value, unit, n }: Figure): string {
  if (value === null) return "–";
  if (unit === "per_10min") return decimal(value);
  if (unit === "minutes") return t("c.minute", { n: decimal(value) });
  if (unit === "count") return String(value);
  if (n < ENOUGH) return t("perf.of", { a: Math.round(value * n), b: n });
  return `${decimal(value * 100)}% (n ${n})`;
}

/** Bars without colour: that three places dominate is in the nature of the thing. */
function Bars({ rows }: { rows: [string, number][] }) {
  const most = Math.max(1, ...rows.map(([, count]) => count));
  if (rows.length === 0) return <p class="quiet">{t("r.nodata")}</p>;
  return (
    <ul class="bars">
      {rows.map(([name, count]) => (
        <li key={name}>
          <span>{name}</span>
          <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect width={(100 * count) / most} height="8" />
          </svg>
          <b>{count}</b>
        </li>
      ))}
    </ul>
  );
}

/** What stands for more than a day, and what repeats, by name. */
function Named({ found }: { found: Performance }) {
  const standing = found.standing.flatMap((id) => alerts.value.get(id) ?? []);
  if (standing.length + found.repeats.length === 0) return null;
  return (
    <>
      <h3>{t("perf.named")}</h3>
      <ul>
        {standing.map((alert) => (
          <li key={alert.id}>
            #{alert.number} {title(alert)}
          </li>
        ))}
        {found.repeats.map((each) => (
          <li key={`${each.site} ${each.category}`}>
            {categoryName(each.category)} · {placeName(each.site)} ×{each.count}
          </li>
        ))}
      </ul>
    </>
  );
}

function placeName(id: string | null): string {
  return sites.value.find((site) => site.id === id)?.name ?? id ?? "–";
}

function Curve({ spans }: { spans: Performance["per_10min"] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let end: (() => void) | null = null;
    let gone = false;
    void import("./curve").then(({ curve }) => {
      if (!gone && box.current) end = curve(box.current, spans);
    });
    return () => {
      gone = true;
      end?.();
    };
  }, [spans, theme.value, language.value]);
  const most = Math.max(0, ...spans.map((span) => span.count));
  return (
    <div ref={box} class="curve" role="img" aria-label={t("perf.most", { n: most })} data-testid="curve" />
  );
}
