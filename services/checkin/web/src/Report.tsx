/** F6: what is seen, in one tap; the rest is optional. */

import { useSignal } from "@preact/signals";
import { siteName } from "./assignment";
import type { Category } from "./contract";
import { shortTime } from "./format";
import { labelOf, t } from "./language";
import { Head, Tick } from "./Page";
import { PhotoField } from "./PhotoField";
import { fix, isFresh } from "./position";
import { changeReport, choose, offered, report } from "./report";
import { SitePick } from "./SitePick";

export function Report() {
  const all = useSignal(false);
  const { site, chosen, backup, photos } = report.value;
  const { tiles, others } = offered(site);
  return (
    <>
      <Head title={t("rep.what")} />
      <Place />
      <div class="tiles" role="group" aria-label={t("rep.what")}>
        {tiles.map((one) => (
          <Tile category={one} chosen={chosen?.category === one.id} key={one.id} />
        ))}
        {all.value ? (
          others.map((one) => (
            <Tile category={one} chosen={chosen?.category === one.id} key={one.id} />
          ))
        ) : (
          <button
            type="button"
            class="tile"
            data-testid="others"
            onClick={() => (all.value = true)}
          >
            {t("rep.other")}
          </button>
        )}
      </div>
      <div class="two">
        <div class="stack">
          <Tick
            label={t("rep.backup")}
            on={backup}
            testid="backup"
            change={(on) => changeReport({ backup: on })}
          />
          <PhotoField
            chosen={photos.length}
            add={(photo) => changeReport({ photos: [...report.value.photos, photo] })}
          />
        </div>
        <label class="field">
          <span>{t("rep.note")}</span>
          <textarea
            rows={2}
            data-testid="note"
            maxLength={4000}
            value={report.value.text}
            onInput={(event) => changeReport({ text: event.currentTarget.value })}
          />
        </label>
      </div>
      <p class="quiet">{t("rep.rule")}</p>
    </>
  );
}

function Tile({ category, chosen }: { category: Category; chosen: boolean }) {
  return (
    <button
      type="button"
      class="tile"
      data-testid="tile"
      data-category={category.id}
      aria-pressed={chosen}
      onClick={() => choose(category.id)}
    >
      {labelOf(category)}
    </button>
  );
}

function Place() {
  const picking = useSignal(false);
  const { site } = report.value;
  const pick = (id: string) => {
    changeReport({ site: id });
    picking.value = false;
  };
  return (
    <>
      <p class="place">
        <span data-testid="place">{site ? siteName(site) : t("rep.nosite")}</span>
        <button
          type="button"
          class="plain"
          data-testid="change-site"
          aria-expanded={picking.value}
          onClick={() => (picking.value = !picking.value)}
        >
          {t("rep.change")}
        </button>
      </p>
      <p class="quiet">{placeWords()}</p>
      {picking.value && <SitePick chosen={site} choose={pick} />}
    </>
  );
}

function placeWords(): string {
  const here = fix.value;
  if (!here) return t("rep.noposition");
  if (isFresh(here)) return t("ci.accuracy", { m: here.accuracy_m });
  return t("rep.lastposition", { time: shortTime(here.at) });
}
