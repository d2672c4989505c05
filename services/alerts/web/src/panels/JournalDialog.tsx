import { useSignal } from "@preact/signals";
import * as clock from "../clock";
import { Dialog } from "../Dialog";
import { shortTime } from "../format";
import { write } from "../journal";
import { t } from "../language";
import { useAsking } from "./asking";
import type { JournalEntry } from "./contract";
import { useRead } from "./useRead";
import { Waiting } from "./Waiting";

/** The post's journal of the last day, the newest first, and a line to add. */
export function JournalDialog() {
  const reading = useRead<{ items: JournalEntry[] }>("/v1/journal");
  const asking = useAsking();
  const text = useSignal("");
  const words = text.value.trim();

  const add = async () => {
    if (!(await asking.run((key) => write({ text: words, kind: "note" }, key)))) return;
    text.value = "";
    await reading.again();
  };

  return (
    <Dialog
      name="journal"
      heading={t("ho.journal")}
      confirm={t("c.write")}
      ready={words !== "" && !asking.busy.value}
      onConfirm={() => void add()}
      wide
    >
      <label class="field">
        {t("ho.line")}
        <textarea
          rows={2}
          maxLength={1000}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          data-first=""
          data-testid="journal-text"
        />
      </label>
      <p class="fault" role="alert">
        {asking.fault}
      </p>
      {reading.data.value === null ? (
        <Waiting reading={reading} />
      ) : (
        <ol class="journal" data-testid="journal">
          {reading.data.value.items.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
          {reading.data.value.items.length === 0 && <li class="quiet">{t("ho.nojournal")}</li>}
        </ol>
      )}
    </Dialog>
  );
}

function Entry({ entry }: { entry: JournalEntry }) {
  return (
    <li class={`journal-${entry.kind}`}>
      <time dateTime={entry.at}>{shortTime(entry.at, clock.hour.value)}</time>
      <span>
        <b>{entry.by.name}</b> {entry.text}
        {entry.seconds ? <small> · {t("c.second", { n: entry.seconds })}</small> : null}
      </span>
    </li>
  );
}
