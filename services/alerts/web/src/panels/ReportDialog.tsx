import { useSignal } from "@preact/signals";
import { post } from "../api";
import * as clock from "../clock";
import { announce } from "../announce";
import { dialog, goTo } from "../desk";
import { Dialog } from "../Dialog";
import { age, categoryName, siteLabel } from "../format";
import { language, t } from "../language";
import { open, sites, situation } from "../state";
import { useAsking } from "./asking";

const WAYS = ["ht", "110", "phone", "person"] as const;
const ALIKE_MS = 3_600_000;

/** What somebody told the room over the radio or a telephone; it becomes a report like a phone's. */
export function ReportDialog() {
  const asking = useAsking();
  const caller = useSignal("");
  const via = useSignal<(typeof WAYS)[number]>("ht");
  const minutes = useSignal(0);
  const place = useSignal("");
  const category = useSignal("");
  const text = useSignal("");
  const backup = useSignal(false);
  const site = sites.value.find((each) => each.name === place.value || each.id === place.value);
  const ready = caller.value.trim() !== "" && category.value !== "" && !asking.busy.value;

  const send = async () => {
    const now = clock.now.peek() ?? Date.now();
    const body = {
      caller: caller.value.trim(),
      told_at: new Date(now - minutes.value * 60_000).toISOString(),
      via: via.value,
      category: category.value,
      text: [site ? "" : place.value.trim(), text.value.trim()].filter(Boolean).join(". "),
      backup: backup.value,
      ...(site ? { site: site.id } : {}),
    };
    if (!(await asking.run((key) => post("/v1/reports", { ...body, key })))) return;
    announce(t("rep.noted"));
    dialog.value = null;
  };

  return (
    <Dialog
      name="report"
      heading={t("rep.title")}
      confirm={t("rep.send")}
      ready={ready}
      onConfirm={() => void send()}
    >
      <div class="fields">
        <label class="field">
          {t("rep.caller")}
          <input
            type="text"
            maxLength={200}
            value={caller.value}
            onInput={(event) => (caller.value = event.currentTarget.value)}
            data-first=""
            data-testid="report-caller"
          />
        </label>
        <label class="field">
          {t("rep.via")}
          <select
            value={via.value}
            onChange={(event) => (via.value = event.currentTarget.value as typeof via.value)}
          >
            {WAYS.map((way) => (
              <option key={way} value={way}>
                {t(`via.${way}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          {t("rep.told")}
          <input
            type="number"
            min={0}
            max={1440}
            value={minutes.value}
            onInput={(event) => (minutes.value = Number(event.currentTarget.value) || 0)}
          />
        </label>
        <label class="field">
          {t("rep.category")}
          <select
            value={category.value}
            onChange={(event) => (category.value = event.currentTarget.value)}
            data-testid="report-category"
          >
            <option value="">–</option>
            {situation.value?.categories?.map((row) => (
              <option key={row.id} value={row.id}>
                {language.value === "id" ? row.label : row.label_en}
              </option>
            ))}
          </select>
        </label>
        <label class="field wide">
          {t("rep.site")}
          <input
            type="text"
            list="report-sites"
            maxLength={300}
            value={place.value}
            onInput={(event) => (place.value = event.currentTarget.value)}
            data-testid="report-site"
          />
          <datalist id="report-sites">
            {place.value.length < 2
              ? null
              : matching(place.value).map((each) => <option key={each.id} value={each.name} />)}
          </datalist>
        </label>
        <label class="field wide">
          {t("rep.text")}
          <textarea
            rows={3}
            maxLength={1500}
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
            data-testid="report-text"
          />
        </label>
      </div>
      <Alike site={site?.id ?? null} category={category.value} />
      <label class="option">
        <input
          type="checkbox"
          checked={backup.value}
          onChange={(event) => (backup.value = event.currentTarget.checked)}
        />
        {t("rep.backup")}
      </label>
      <p class="fault" role="alert">
        {asking.fault}
      </p>
    </Dialog>
  );
}

function matching(text: string) {
  const wanted = text.toLowerCase();
  return sites.value.filter((site) => site.name.toLowerCase().includes(wanted)).slice(0, 20);
}

/** What is open at the same place already: a second alert of one thing helps nobody. */
function Alike({ site, category }: { site: string | null; category: string }) {
  const now = clock.countdownNow.value;
  if (site === null || now === null) return null;
  const alike = open.value.filter(
    (alert) => alert.site === site && now - Date.parse(alert.reported_at) < ALIKE_MS,
  );
  if (alike.length === 0) return null;
  const show = (id: string) => {
    dialog.value = null;
    goTo(id);
  };
  return (
    <div class="alike" data-testid="alike">
      <b>{t("rep.alike")}</b>
      {alike.slice(0, 3).map((alert) => (
        <button key={alert.id} type="button" class="plain" onClick={() => show(alert.id)}>
          {categoryName(alert.category, alert.kind)} · {siteLabel(alert)} ·{" "}
          {age((now - Date.parse(alert.reported_at)) / 1000)}
          {alert.category === category && <b> · {t("rep.same")}</b>}
        </button>
      ))}
    </div>
  );
}
