import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { post } from "../api";
import * as clock from "../clock";
import { dialog } from "../desk";
import { Dialog } from "../Dialog";
import { decimal, shortTime } from "../format";
import { t, tIfKnown } from "../language";
import { isGrave } from "../order";
import { test } from "../siren/player";
import { statusOf } from "../sites";
import { crews, open, session, sites } from "../state";
import { useAsking } from "./asking";
import type { Handover, Seal, Watch } from "./contract";
import { QrCode } from "./QrCode";
import { ToRead } from "./ToRead";
import { openTasks } from "./tasks";
import { useRead } from "./useRead";
import { Waiting } from "./Waiting";

/** Who may also withdraw what somebody else prepared. */
const WITHDRAWING = "commander";

/** The watch changes: those who leave prepare, those who come open what is grave and accept. */
export function HandoverDialog() {
  // A grave alert that comes meanwhile has to be opened too.
  const grave = useComputed(() => open.value.filter(isGrave).map((alert) => alert.id).join());
  const reading = useRead<Watch>("/v1/handover", grave.value);
  const anew = useSignal(false);
  // What was withdrawn stands in the form again: its words need not be written twice.
  const words = useRef("");
  const watch = reading.data.value;
  if (watch === null) {
    return (
      <Dialog name="handover" heading={t("ho.title")}>
        <Waiting reading={reading} />
      </Dialog>
    );
  }
  const { pending } = watch;
  const mine = pending?.outgoing.actor === session.value?.actor;
  if (mine && pending) words.current = pending.attention;
  if (pending === null || (mine && anew.value)) {
    const done = async () => {
      await reading.again();
      anew.value = false;
    };
    return <Prepare last={watch.last} before={words.current} done={done} />;
  }
  const standing = { pending, seal: watch.checkpoint, again: reading.again };
  if (mine) return <Prepared {...standing} anew={() => (anew.value = true)} />;
  return <Accept {...standing} mustRead={watch.must_read} />;
}

interface Preparing {
  last: Handover | null;
  before: string;
  done: () => Promise<void>;
}

/** What was prepared before stands until it is prepared anew: the newest one is what counts. */
function Prepare({ last, before, done }: Preparing) {
  const asking = useAsking();
  const attention = useSignal(before);
  const prepare = async () => {
    const words = attention.value.trim();
    if (await asking.run((key) => post("/v1/handover", { attention: words, key }))) await done();
  };
  return (
    <Dialog
      name="handover"
      heading={t("ho.title")}
      confirm={t("ho.prepare")}
      ready={!asking.busy.value}
      onConfirm={() => void prepare()}
      wide
    >
      {last?.incoming && (
        <p class="quiet">
          {t("ho.last", {
            name: last.incoming.name,
            time: shortTime(last.incoming.at, clock.hour.value),
          })}
        </p>
      )}
      <h3>{t("ho.old")}</h3>
      <Figures />
      <label class="field">
        {t("ho.attention")}
        <textarea
          rows={4}
          maxLength={4000}
          value={attention.value}
          onInput={(event) => (attention.value = event.currentTarget.value)}
          data-first=""
          data-testid="attention"
        />
      </label>
      <p class="fault" role="alert">
        {asking.fault}
      </p>
    </Dialog>
  );
}

/** What those who come find: figures that both can see on the board behind. */
function Figures() {
  const silent = sites.value.filter((site) => statusOf(site) === "unknown").length;
  const overdue = openTasks.value.filter((task) => task.state === "overdue").length;
  const away = crews.value.filter((crew) => crew.busy_with !== null).length;
  return (
    <ul class="standing" data-testid="standing">
      <li>{t("ho.open", { n: open.value.length })}</li>
      <li>{t("ho.unknown", { n: silent })}</li>
      <li>{t("ho.overdue", { n: overdue })}</li>
      <li>{t("ho.away", { n: away })}</li>
    </ul>
  );
}

interface Standing {
  pending: Handover;
  seal: Seal;
  again: () => Promise<void>;
}

function Prepared({ pending, seal, again, anew }: Standing & { anew: () => void }) {
  return (
    <Dialog name="handover" heading={t("ho.title")} confirm={t("ho.anew")} onConfirm={anew} wide>
      <p data-testid="prepared">
        {t("ho.waiting")}{" "}
        {pending.due_at && t("ho.until", { time: shortTime(pending.due_at, clock.hour.value) })}
      </p>
      <Attention pending={pending} seal={seal} />
      <Withdraw pending={pending} again={again} />
    </Dialog>
  );
}

/** Only while nobody has accepted; whoever accepts at that moment is named. */
function Withdraw({ pending, again }: { pending: Handover; again: () => Promise<void> }) {
  const asking = useAsking();
  const path = `/v1/handover/${pending.id}/withdraw`;
  const withdraw = async () => {
    if (await asking.run((key) => post(path, { key }))) await again();
  };
  return (
    <p>
      <button
        type="button"
        class="tonal"
        onClick={() => void withdraw()}
        data-testid="handover-withdraw"
      >
        {t("ho.withdraw")}
      </button>{" "}
      <span class="fault" role="alert">
        {asking.fault}
      </span>
    </p>
  );
}

function Attention({ pending, seal }: { pending: Handover; seal: Seal }) {
  return (
    <div class="attention">
      <div>
        <h3>
          {t("ho.old")}: {pending.outgoing.name}
        </h3>
        <Figures />
        {pending.attention && <q>{pending.attention}</q>}
      </div>
      {seal.note ? (
        <figure>
          <QrCode text={seal.note} label={t("ho.checkpoint")} />
          <figcaption>
            {t("ho.checkpoint")} · {t("ho.sealed", { n: decimal(seal.size ?? 0, 0) })}{" "}
            <button type="button" class="tonal" onClick={() => print()} data-testid="print">
              {t("ho.print")}
            </button>
          </figcaption>
        </figure>
      ) : (
        <p class="unknown">{tIfKnown("seal", seal.why ?? "empty")}</p>
      )}
    </div>
  );
}

function Accept({ pending, mustRead, seal, again }: Standing & { mustRead: string[] }) {
  const asking = useAsking();
  const read = useSignal<ReadonlySet<string>>(new Set());
  const tested = useSignal(false);
  const unread = mustRead.filter((id) => !read.value.has(id)).length;
  const dead = clock.freshness.value === "lost";
  const accept = async () => {
    const body = { read: [...read.value] };
    const path = `/v1/handover/${pending.id}/accept`;
    if (await asking.run((key) => post(path, { ...body, key }))) dialog.value = null;
    else await again();
  };
  const hear = () => {
    tested.value = true;
    void test();
  };
  return (
    <Dialog
      name="handover"
      heading={t("ho.title")}
      confirm={unread > 0 ? t("ho.unread", { n: unread }) : t("ho.accept")}
      ready={unread === 0 && !dead && !asking.busy.value}
      onConfirm={() => void accept()}
      wide
    >
      <Attention pending={pending} seal={seal} />
      <div class="whose">
        <h3>
          {t("ho.new")}: {session.value?.name}
        </h3>
        <button type="button" class="tonal" onClick={hear} data-testid="test-siren">
          {t("snd.test")} {tested.value && "✓"}
        </button>
      </div>
      <ToRead
        ids={mustRead}
        read={read.value}
        opened={(id) => (read.value = new Set(read.value).add(id))}
      />
      {session.value?.role === WITHDRAWING && <Withdraw pending={pending} again={again} />}
      {dead && <p class="unknown">{t("ho.dead")}</p>}
      <p class="fault" role="alert">
        {asking.fault}
      </p>
    </Dialog>
  );
}
