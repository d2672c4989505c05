import type { ComponentChildren } from "preact";
import { t } from "./language";
import { leave } from "./screen";

/** The head of a screen that one comes back from. */
export function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="head">
      <button type="button" class="back" data-testid="back" onClick={leave}>
        <span aria-hidden="true">←</span>
        <span class="unseen">{t("c.back")}</span>
      </button>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** One of a few, as buttons that touch each other. */
export function Segments<V extends string>({ label, options, value, choose, testid }: {
  label: string;
  options: readonly (readonly [V, string])[];
  value: V | null;
  choose: (value: V) => void;
  testid?: string;
}) {
  return (
    <div class="segments" role="group" aria-label={label} data-testid={testid}>
      {options.map(([id, text]) => (
        <button
          type="button"
          data-value={id}
          aria-pressed={value === id}
          onClick={() => choose(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** A box to tick, with its whole line as the target. */
export function Tick({ label, on, change, testid }: {
  label: string;
  on: boolean;
  change: (on: boolean) => void;
  testid?: string;
}) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={on}
        data-testid={testid}
        onChange={(event) => change(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
