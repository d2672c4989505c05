import { callSecond } from "./commands";
import type { Severity } from "./contract";
import { SEARCH_FIELD } from "./desk";
import {
  clearFilter,
  filter,
  filterOpen,
  filtering,
  hidden,
  setFilter,
  toggleSeverity,
} from "./filter";
import { endFlood, flood, recent } from "./flood";
import { t } from "./language";
import { showNow } from "./stillness";

const SEVERITIES: Severity[] = ["kritis", "tinggi", "sedang", "rendah"];

/** Below the rows, so that nothing above moves when the flood or the filter opens here. */
export function QueueFoot() {
  return (
    <div class="queue-foot">
      {flood.value && <FloodBand />}
      {filterOpen.value && <FilterLine />}
      {filtering.value && <HiddenLine />}
      <SearchLine />
    </div>
  );
}

function FloodBand() {
  return (
    <p class="flood" role="status" data-testid="flood">
      <b>{t("s.flood", { n: recent.value })}</b>
      <button type="button" class="plain" onClick={() => void callSecond()} data-testid="call-second">
        {t("s.callsecond")}
      </button>
      <button type="button" class="plain" onClick={endFlood} data-testid="end-flood">
        {t("s.endflood")}
      </button>
    </p>
  );
}

function FilterLine() {
  return (
    <div class="filter-line" role="group" aria-label={t("s.filter")} data-testid="filter-line">
      {SEVERITIES.map((severity) => (
        <button
          key={severity}
          type="button"
          class="plain"
          aria-pressed={filter.value.severities.includes(severity)}
          onClick={() => change(() => toggleSeverity(severity))}
          data-testid={`filter-${severity}`}
        >
          {t(`sev.${severity}`)}
        </button>
      ))}
      <button
        type="button"
        class="plain"
        aria-pressed={filter.value.mine}
        onClick={() => change(() => setFilter({ mine: !filter.value.mine }))}
        data-testid="filter-mine"
      >
        {t("s.mine")}
      </button>
    </div>
  );
}

/** What is hidden is never hidden silently. */
function HiddenLine() {
  const { all, kritis, tinggi } = hidden.value;
  const grave = [
    kritis > 0 && `${kritis} ${t("sev.kritis").toLowerCase()}`,
    tinggi > 0 && `${tinggi} ${t("sev.tinggi").toLowerCase()}`,
  ].filter(Boolean);
  return (
    <p class={grave.length > 0 ? "hidden-line grave" : "hidden-line"} data-testid="hidden-line">
      <b>{[t("s.hidden", { n: all }), ...grave].join(", ")}</b>
      <button
        type="button"
        class="plain"
        onClick={() => change(clearFilter)}
        data-testid="clear-filter"
      >
        {t("s.clear")}
      </button>
    </p>
  );
}

function SearchLine() {
  return (
    <div class="search-line">
      <label class="unseen" for={SEARCH_FIELD}>
        {t("s.search")}
      </label>
      <input
        id={SEARCH_FIELD}
        type="text"
        placeholder={`${t("s.search")}  /`}
        autocomplete="off"
        spellcheck={false}
        maxLength={100}
        value={filter.value.text}
        onInput={(event) => {
          const text = event.currentTarget.value;
          change(() => setFilter({ text }));
        }}
        data-testid="search"
      />
      <button
        type="button"
        class="plain"
        aria-expanded={filterOpen.value}
        aria-keyshortcuts="F"
        onClick={() => (filterOpen.value = !filterOpen.value)}
        data-testid="filter"
      >
        {t("s.filter")} <kbd aria-hidden="true">F</kbd>
      </button>
    </div>
  );
}

/** The operator's own change shows at once, also under the pointer. */
function change(how: () => void): void {
  how();
  showNow();
}
