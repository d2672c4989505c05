import type { Alert, Severity } from "./contract";
import { t } from "./language";

/** Severity is a letter, a shape and a word, never a digit and never a colour alone. */
const SHAPES: Record<Severity, { letter: string; path: string; baseline: number }> = {
  kritis: { letter: "K", path: "M9.5 2h9L26 9.5v9L18.5 26h-9L2 18.5v-9z", baseline: 18.8 },
  tinggi: { letter: "T", path: "M14 1.5 27 25.5H1z", baseline: 21.8 },
  sedang: { letter: "S", path: "M14 1 27 14 14 27 1 14z", baseline: 18.8 },
  rendah: { letter: "R", path: "M1 2.5h26L14 26.5z", baseline: 15.4 },
};

interface Props {
  alert: Pick<Alert, "severity" | "kind">;
  /** Whether nobody has taken it yet: the symbol then pulses. */
  calling?: boolean;
  large?: boolean;
}

export function SeveritySymbol({ alert, calling = false, large = false }: Props) {
  const { letter, path, baseline } = SHAPES[alert.severity];
  const duress = alert.kind === "duress";
  const pulse = calling && (duress || alert.severity === "kritis" || alert.severity === "tinggi");
  const classes = ["sev", `sev-${alert.severity}`, pulse && "pulse", large && "large"];
  return (
    <svg class={classes.filter(Boolean).join(" ")} viewBox="0 0 28 28" aria-hidden="true">
      {duress && <circle class="ring" cx="14" cy="14" r="13.2" />}
      <path d={path} transform={duress ? "translate(3.5 3.5) scale(.75)" : undefined} />
      <text x="14" y={duress ? 18.4 : baseline} text-anchor="middle">
        {letter}
      </text>
    </svg>
  );
}

export function SeverityWord({ alert }: { alert: Alert }) {
  return <b class={`word word-${alert.severity}`}>{t(`sev.${alert.severity}`)}</b>;
}
