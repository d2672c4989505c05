/** One event as it was written down, and what became of it. */

import { Dots } from "./Dots";
import { labelOf, t } from "./language";
import { category } from "./assignment";
import { once } from "./once";
import { change, type Item, items } from "./outbox";
import { Head } from "./Page";
import { askForBackup, begin, changeReport, choose, REPORTED } from "./report";
import { sayWritten } from "./said";
import { about, leave, replace } from "./screen";
import { exactly, progressOf, stageOf, titleOf } from "./stages";

export function ItemPage() {
  const item = items.value.find((one) => one.id === about.value);
  if (!item) return <Head title={t("c.nores")} />;
  const stage = stageOf(item);
  return (
    <>
      <Head title={titleOf(item)} />
      <p class={`item-stage ${stage.name}`} data-testid="item-stage">
        <Dots lit={stage.lit} of={stage.of} failed={stage.name === "rejected"} /> {stage.words}
      </p>
      {item.progress && <p>{progressOf(item)}</p>}
      <dl class="facts">
        <Fact name={t("q.time")} value={exactly(item.event.time)} />
        {item.sentAt && <Fact name={t("q.sentat")} value={exactly(item.sentAt)} />}
        {item.read && <Fact name={t("q.readat")} value={exactly(item.read.at)} />}
        {item.reason && <Fact name={t("q.server")} value={item.reason} />}
        <Fact name={t("q.number")} value={String(item.seq)} />
        <Said item={item} />
        <AddedTo item={item} />
      </dl>
      {item.type === REPORTED && <Again item={item} />}
      {item.state === "rejected" && <Dismiss item={item} />}
    </>
  );
}

/** What was rejected stays in the queue until somebody says that it was read. */
function Dismiss({ item }: { item: Item }) {
  const dismiss = async () => {
    await change(new Map([[item.id, { dismissed: true }]]));
    leave();
  };
  return (
    <button
      type="button"
      class="plain wide"
      data-testid="dismiss"
      onClick={() => once("dismiss", dismiss)}
    >
      {t("q.dismiss")}
    </button>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** The words of the event that a person wrote or chose. */
function Said({ item }: { item: Item }) {
  const { data } = item.event;
  const known = typeof data.category === "string" ? category(data.category) : undefined;
  const words = [known && labelOf(known), data.text, data.dialogue, data.situation];
  const text = words.filter((one) => typeof one === "string").join(" · ");
  return text ? <Fact name={t("q.said")} value={text} /> : null;
}

function AddedTo({ item }: { item: Item }) {
  const to = items.value.find((one) => one.id === item.event.data.adds_to);
  if (!to) return null;
  return <Fact name={t("rep.added")} value={`${exactly(to.event.time)} · ${titleOf(to)}`} />;
}

function Again({ item }: { item: Item }) {
  const mend = () => {
    begin();
    const { data, subject } = item.event;
    changeReport({ site: subject ?? null, text: typeof data.text === "string" ? data.text : "" });
    if (item.state !== "rejected") changeReport({ earlier: item.id });
    choose(String(data.category));
    replace("report");
  };
  const help = async () => {
    await askForBackup(item);
    sayWritten();
  };
  return item.state === "rejected" ? (
    <button type="button" class="primary wide" data-testid="mend" onClick={mend}>
      {t("q.fix")}
    </button>
  ) : (
    <div class="pair">
      <button type="button" class="plain" data-testid="correct" onClick={mend}>
        {t("rep.correct")}
      </button>
      <button
        type="button"
        class="tonal"
        data-testid="ask-backup"
        onClick={() => once("backup", help)}
      >
        {t("rep.backup2")}
      </button>
    </div>
  );
}
