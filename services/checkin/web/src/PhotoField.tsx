/** Takes pictures with the phone's own camera app. */

import { useSignal } from "@preact/signals";
import { t } from "./language";
import type { Photo } from "./outbox";
import { photoOf } from "./photo";

const MOST = 20;

export function PhotoField({ chosen, add }: {
  chosen: number;
  add: (photo: Photo) => unknown;
}) {
  const failed = useSignal(false);
  const take = async (input: HTMLInputElement) => {
    failed.value = false;
    try {
      for (const file of [...(input.files ?? [])].slice(0, MOST - chosen)) {
        await add(await photoOf(file));
      }
    } catch {
      failed.value = true; // the report goes without it
    }
    input.value = "";
  };
  return (
    <div class="photos">
      <label class="plain button">
        <input
          type="file"
          class="unseen"
          accept="image/*"
          capture="environment"
          multiple
          data-testid="photo"
          disabled={chosen >= MOST}
          onChange={(event) => take(event.currentTarget)}
        />
        <span>+ {t("rep.photo")}</span>
      </label>
      {chosen > 0 && <output data-testid="photos">{t("rep.photos", { n: chosen })}</output>}
      {failed.value && <p role="alert">{t("rep.nophoto")}</p>}
    </div>
  );
}
