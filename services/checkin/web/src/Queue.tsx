/** F7: every event and how far it got, the newest first. Nothing leaves without the server's word. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dots } from "./Dots";
import { type Key, t } from "./language";
import { Menu } from "./Menu";
import { once } from "./once";
import {
  change,
  changePhoto,
  type Item,
  type Photo,
  rejected,
  shown,
  shownPhotos,
  unsent,
} from "./outbox";
import { go } from "./screen";
import { retryAt, sendNow } from "./sender";
import { progressOf, reasonOf, stageOf, titleOf, when } from "./stages";

const POSITION = "ronda.position.recorded.v1";
const FIRST_SHOWN = 60;

export function Queue() {
  const all = useSignal(false);
  const list = shown.value.filter((item) => item.type !== POSITION).reverse();
  const visible = all.value ? list : list.slice(0, FIRST_SHOWN);
  return (
    <>
      <div class="head">
        <h1>{t("nav.queue")}</h1>
        <Menu />
      </div>
      {unsent.value.length > 0 && <Retry />}
      {unsent.value.length + rejected.value.length === 0 && <p class="quiet">{t("q.empty")}</p>}
      <ul class="items" data-testid="items">
        <Folded />
        {visible.map((item) => (
          <Row item={item} key={item.id} />
        ))}
      </ul>
      {visible.length < list.length && (
        <button type="button" class="plain wide" onClick={() => (all.value = true)}>
          {t("q.more", { n: list.length - visible.length })}
        </button>
      )}
      <Sum />
    </>
  );
}

function Retry() {
  const moment = useSignal(performance.now());
  useEffect(() => {
    const timer = setInterval(() => (moment.value = performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const at = retryAt.value;
  const left = at === null ? 0 : Math.max(0, Math.ceil((at - moment.value) / 1000));
  return (
    <div class="retry">
      <span data-testid="retry">{left > 0 ? t("conn.retry", { s: left }) : t("q.sending")}</span>
      <button type="button" class="tonal" data-testid="send-now" onClick={sendNow}>
        {t("q.now")}
      </button>
    </div>
  );
}

function Row({ item }: { item: Item }) {
  const stage = stageOf(item);
  return (
    <li>
      <button
        type="button"
        class="item"
        data-testid="item"
        data-id={item.id}
        data-stage={stage.name}
        onClick={() => go("item", item.id)}
      >
        <span class="item-title">{titleOf(item)}</span>
        <time>{when(item.event.time)}</time>
        <span class={`item-stage ${stage.name}`}>
          <Dots lit={stage.lit} of={stage.of} failed={stage.name === "rejected"} /> {stage.words}
        </span>
        {item.progress && <span class="item-progress">{progressOf(item)}</span>}
      </button>
    </li>
  );
}

/** Positions and pictures in one line each: they are many. */
function Folded() {
  const points = shown.value.filter((item) => item.type === POSITION);
  const dismissPoints = (some: Item[]) =>
    change(new Map(some.map((item) => [item.id, { dismissed: true }])));
  const dismissPhotos = async (some: Photo[]) => {
    for (const { sha256 } of some) await changePhoto(sha256, { dismissed: true });
  };
  const { value: pictures } = shownPhotos;
  return (
    <>
      <Fold testid="positions" title="q.points" all={points} dismiss={dismissPoints} />
      <Fold testid="pictures" title="q.photos" all={pictures} dismiss={dismissPhotos} />
    </>
  );
}

function Fold<One extends Item | Photo>({ testid, title, all, dismiss }: {
  testid: string;
  title: Key;
  all: One[];
  dismiss: (some: One[]) => Promise<void>;
}) {
  if (all.length === 0) return null;
  const waiting = all.filter((one) => one.state === "saved").length;
  const refused = all.filter((one) => one.state === "rejected");
  const [first] = refused;
  return (
    <li class="folded" data-testid={testid}>
      <span>{t(title, { n: all.length })}</span>
      {refused.length < all.length && (
        <span class="item-stage">
          <Dots lit={waiting > 0 ? 1 : 2} of={2} />{" "}
          {waiting > 0 ? t("q.left", { n: waiting }) : t("q.received")}
        </span>
      )}
      {first && (
        <span class="item-stage rejected">
          <Dots lit={0} of={2} failed /> {t("q.rejected", { n: refused.length })}: {reasonOf(first)}
        </span>
      )}
      {first && (
        <button
          type="button"
          class="plain"
          data-testid={`dismiss-${testid}`}
          onClick={() => once(testid, () => dismiss(refused))}
        >
          {t("q.dismiss")}
        </button>
      )}
    </li>
  );
}

function Sum() {
  const list = shown.value;
  const received = list.filter((item) => item.state === "sent").length;
  return (
    <p class="sum" data-testid="sum">
      {t("q.sum", { n: list.length, m: received })}
    </p>
  );
}
