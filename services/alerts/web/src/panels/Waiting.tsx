import { t } from "../language";
import type { Reading } from "./useRead";

/** What stands in a panel while there is nothing to show yet. */
export function Waiting({ reading }: { reading: Reading<unknown> }) {
  if (reading.load.value === "loading") return <p class="quiet">{t("c.load")}</p>;
  return (
    <button type="button" class="tonal" onClick={() => void reading.again()} data-testid="again">
      {t("c.retry")}
    </button>
  );
}
