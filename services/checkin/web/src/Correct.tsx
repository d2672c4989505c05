/** F8, "Ubah isian": the answers of a finished visit once more. What was sent stays in the record. */

import { amended, changeAmended, dropAmended, isChanged, sendAmended } from "./amend";
import { dayTime } from "./format";
import { now } from "./clock";
import { t } from "./language";
import { once } from "./once";
import { Head } from "./Page";
import { sayWritten } from "./said";
import { about, leave } from "./screen";
import { AdviceGiven, Checklist, Dialogue, Guards, SituationChoice } from "./VisitForm";

export function Correct() {
  const open = amended.value;
  if (!open || open.id !== about.value) return <Head title={t("giat.gone")} />;
  const changed = isChanged(open);
  const asked = { open, change: changeAmended };
  const send = async () => {
    if (!changed) return;
    await sendAmended();
    sayWritten();
    leave();
  };
  const cancel = () => {
    dropAmended();
    leave();
  };
  return (
    <>
      <Head title={t("giat.edit")} />
      <p class="quiet">
        {open.siteName} · {dayTime(open.at, now())}
      </p>
      <p class="quiet">{t("giat.kept")}</p>
      <Guards {...asked} />
      <Checklist {...asked} />
      <div class="two">
        <Dialogue {...asked} />
        <div class="stack">
          <AdviceGiven {...asked} />
          <SituationChoice {...asked} />
        </div>
      </div>
      <div class="pair">
        <button type="button" class="plain" data-testid="drop-correction" onClick={cancel}>
          {t("c.cancel")}
        </button>
        <button
          type="button"
          class="primary"
          data-testid="send-correction"
          aria-disabled={!changed}
          onClick={() => once("correct", send)}
        >
          {t("giat.send")}
        </button>
      </div>
    </>
  );
}
