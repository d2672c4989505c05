/** One site of the list: those nearby first, the others by a word of their name. */

import { useSignal } from "@preact/signals";
import { sites } from "./assignment";
import type { Site } from "./contract";
import { distance } from "./format";
import { t } from "./language";
import { metresTo } from "./position";

const SHOWN = 6;
const named = (site: Site) => `${site.name} ${site.id} ${site.district ?? ""}`;

export function SitePick({ chosen, choose }: {
  chosen: string | null;
  choose: (site: string) => void;
}) {
  const wanted = useSignal("");
  const word = wanted.value.trim().toLowerCase();
  const away = (site: { lat: number; lon: number }) => metresTo(site) ?? 0;
  const found = [...sites.value.values()]
    .filter((site) => named(site).toLowerCase().includes(word))
    .sort((a, b) => Number(b.id === chosen) - Number(a.id === chosen) || away(a) - away(b));
  return (
    <fieldset class="sites">
      <legend>{t("ci.whichsite")}</legend>
      <input
        type="search"
        aria-label={t("c.search")}
        placeholder={t("c.search")}
        value={wanted.value}
        onInput={(event) => (wanted.value = event.currentTarget.value)}
      />
      {found.slice(0, SHOWN).map((site) => (
        <button
          type="button"
          class="plain"
          data-testid="site"
          data-site={site.id}
          aria-pressed={site.id === chosen}
          onClick={() => choose(site.id)}
        >
          {site.name}
          {metresTo(site) !== null && <small>{distance(away(site))}</small>}
        </button>
      ))}
      {found.length === 0 && <p>{t("c.nores")}</p>}
    </fieldset>
  );
}
