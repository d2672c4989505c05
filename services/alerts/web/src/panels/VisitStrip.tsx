import { shortTime } from "../format";
import { t } from "../language";
import { dayCoverage } from "../state";

const HIGH = 84;
const STEP = 24;
const WIDE = 15;
/** The label of the first or last hour is wider than its bar. */
const EDGE = 8;

interface Hour {
  at: string;
  made: number;
  missed: number;
  ahead: number;
}

/** The visits of the last day and two hours ahead, by the hour in which they are due. For large
 * screens, under the map: solid is made, hatched missed, outlined still to come. */
export function VisitStrip() {
  const list: readonly Hour[] = dayCoverage.value?.hours ?? [];
  const most = Math.max(1, ...list.map((hour) => hour.made + hour.missed + hour.ahead));
  const made = list.reduce((sum, hour) => sum + hour.made, 0);
  const missed = list.reduce((sum, hour) => sum + hour.missed, 0);
  const width = list.length * STEP;
  return (
    <figure class="strip" data-testid="visit-strip">
      <figcaption>
        {t("cov.hours")} <span>{t("cov.legend", { made, missed })}</span>
      </figcaption>
      <svg viewBox={`${-EDGE} 0 ${width + 2 * EDGE} ${HIGH + 18}`} role="img" aria-label={t("cov.hours")}>
        <defs>
          <pattern id="missed" width="6" height="6" patternUnits="userSpaceOnUse">
            <path d="M0 6 6 0" />
          </pattern>
        </defs>
        {list.map((hour, index) => (
          <Bar key={hour.at} hour={hour} x={index * STEP} unit={HIGH / most} />
        ))}
      </svg>
    </figure>
  );
}

function Bar({ hour, x, unit }: { hour: Hour; x: number; unit: number }) {
  const { at, made, missed, ahead } = hour;
  const top = (count: number) => HIGH - count * unit;
  const left = x + (STEP - WIDE) / 2;
  const every = new Date(at).getUTCHours() % 3 === 0;
  return (
    <g>
      <rect class="bar-made" x={left} y={top(made)} width={WIDE} height={made * unit} />
      <rect
        class="bar-missed"
        fill="url(#missed)"
        x={left}
        y={top(made + missed)}
        width={WIDE}
        height={missed * unit}
      />
      <rect
        class="bar-ahead"
        x={left}
        y={top(made + missed + ahead)}
        width={WIDE}
        height={ahead * unit}
      />
      {every && (
        <text x={x + STEP / 2} y={HIGH + 14}>
          {shortTime(at)}
        </text>
      )}
    </g>
  );
}
