import * as clock from "../clock";
import type { LiveOverride } from "../contract";
import { shortTime } from "../format";
import { t } from "../language";
import { situation } from "../state";
import type { SituationChoices } from "./contract";
import { matterName, valueName, type Wanted } from "./situation";

interface Props {
  choices: SituationChoices;
  /** The change that is about to be ended. */
  ending: Wanted | null;
  end: (wanted: Wanted) => void;
}

/** What holds now beside the plan: since when, by whom, why, until when. */
export function Overrides({ choices, ending, end }: Props) {
  const live = situation.value?.overrides ?? [];
  if (live.length === 0) return <p class="quiet">{t("sit.plan")}</p>;
  return (
    <ul class="overrides" data-testid="overrides">
      {live.map((each) => (
        <Override key={keyOf(each)} override={each} choices={choices} ending={ending} end={end} />
      ))}
    </ul>
  );
}

function Override({ override, choices, ending, end }: Props & { override: LiveOverride }) {
  const { change, since } = override;
  const wanted = { what: change.what, of: change.of ?? null, value: null };
  const today = clock.hour.value;
  const until = change.until ? t("sit.until", { time: shortTime(change.until, today) }) : "";
  return (
    <li>
      <span>
        <b>
          {matterName(wanted, choices)} → {valueName(change.what, change.value ?? "", choices)}
        </b>
        <small>
          {change.by} · {[t("m.since", { time: shortTime(since, today) }), until]
            .filter(Boolean)
            .join(", ")} · {change.reason}
        </small>
      </span>
      <button
        type="button"
        class="tonal"
        aria-pressed={ending?.what === wanted.what && ending.of === wanted.of}
        onClick={() => end(wanted)}
        data-testid="override-end"
      >
        {t("sit.end")}
      </button>
    </li>
  );
}

function keyOf({ change }: LiveOverride): string {
  return `${change.what} ${change.of ?? ""}`;
}
