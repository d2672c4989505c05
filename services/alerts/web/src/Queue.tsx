import { type Signal, useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { order } from "./arrangement";
import * as clock from "./clock";
import { goToUrgent, LIST, showNew } from "./desk";
import { categoryLabel, shortTime, siteLabel } from "./format";
import { t } from "./language";
import { loadAll } from "./live";
import { Caption, Countdown } from "./Countdown";
import type { Item } from "./fold";
import { Nothing } from "./Nothing";
import { alertsIn, type Section, sections } from "./order";
import { QueueFoot } from "./QueueFoot";
import { Row, standing } from "./Row";
import { SeveritySymbol, SeverityWord } from "./Severity";
import { alerts, alertsLoad, open, selectedId, urgent } from "./state";
import { dense, focusIn, held, moved, pointerIn, shown, shownItems, waiting } from "./stillness";
import { rem, SHORT, stretches, tall, useView, type View } from "./windowing";

const ROW_REM = 3.5;
const DENSE_REM = 2;
const HEAD_REM = 1.75;

export function Queue() {
  return (
    <section class="queue" aria-labelledby="queue-title" data-queue data-testid="queue">
      <h2 id="queue-title" class="unseen">
        {t("s.queue")}
      </h2>
      <Slot />
      <Bar />
      <Rows />
      <QueueFoot />
    </section>
  );
}

/** A copy of the most urgent untaken alert. It has its place also when it is empty. */
function Slot() {
  const alert = urgent.value;
  if (alert === null) {
    return (
      <div class="slot slot-empty" data-testid="urgent-slot">
        <p>
          <Nothing />
          <LastOne />
        </p>
      </div>
    );
  }
  return (
    <button
      type="button"
      class={`slot slot-${alert.severity}`}
      onClick={goToUrgent}
      data-testid="urgent-slot"
      data-id={alert.id}
    >
      <SeveritySymbol alert={alert} calling large />
      <span class="line row-line">
        <span>
          {t("s.urgent")} · <SeverityWord alert={alert} /> · {standing(alert)}
        </span>
      </span>
      <span class="line slot-title">
        <span>{categoryLabel(alert)}</span>
        <Countdown alert={alert} />
      </span>
      <span class="line">
        <span>{siteLabel(alert)}</span>
        <Caption alert={alert} />
      </span>
    </button>
  );
}

function LastOne() {
  const times = [...alerts.value.values()].map((alert) => alert.reported_at).sort();
  const last = times.at(-1);
  if (last === undefined) return null;
  return <small> · {t("s.last", { time: shortTime(last, clock.hour.value) })}</small>;
}

/** How many are open; the same line says what waits behind the stillness. */
function Bar() {
  const behind = waiting.value.length;
  const known = alertsLoad.value === "ready";
  const reordered = held.value && moved.value;
  return (
    <div class="queue-bar">
      <span data-testid="open-count">{t("s.count", { n: known ? open.value.length : "–" })}</span>
      {behind > 0 || reordered ? (
        <button type="button" class="more" onClick={showNew} data-testid="show-new">
          <kbd>Space</kbd> {behind > 0 ? t("s.more", { n: behind }) : t("s.moved")}
        </button>
      ) : null}
    </div>
  );
}

function Rows() {
  const load = alertsLoad.value;
  if (load === "loading") return <Ghosts />;
  if (load === "failed") {
    return (
      <div class="rows">
        <button type="button" class="tonal" onClick={() => void loadAll()} data-testid="retry">
          {t("c.retry")}
        </button>
      </div>
    );
  }
  return <List />;
}

function List() {
  const box = useRef<HTMLDivElement>(null);
  const view = useView(box);
  return (
    <div
      ref={box}
      class={dense.value ? "rows dense" : "rows"}
      id={LIST}
      role="listbox"
      aria-labelledby="queue-title"
      tabIndex={-1}
      onPointerEnter={() => pointerIn(true)}
      onPointerLeave={() => pointerIn(false)}
      onFocusIn={(event) => focusIn(event.target !== event.currentTarget)}
      onFocusOut={() => focusIn(false)}
    >
      {sections.map((section) => (
        <Group key={section} section={section} view={view} />
      ))}
    </div>
  );
}

/** Where a section begins in the list: after the heads and rows of those before it. */
function startOf(section: Section, rowPx: number): number {
  const before = sections.slice(0, sections.indexOf(section));
  const rows = before.reduce((sum, each) => sum + shown.value[each].length, 0);
  return rows * rowPx + (before.length + 1) * rem(HEAD_REM);
}

function Group({ section, view }: { section: Section; view: Signal<View> }) {
  const items = useComputed(() => shown.value[section]).value;
  const count = useComputed(() => alertsIn(order.value[section])).value;
  const heading = `section-${section}-title`;
  return (
    <div
      role="group"
      aria-labelledby={heading}
      data-testid={`section-${section}`}
      data-count={count}
    >
      <p id={heading} class="section-head" role="presentation">
        {t(`s.${section}`)} <b>{count}</b>
      </p>
      {shownItems.value.length <= SHORT ? (
        items.map((item) => <Row key={item.id} item={item} />)
      ) : (
        <LongGroup section={section} items={items} view={view} />
      )}
    </div>
  );
}

function LongGroup(props: { section: Section; items: readonly Item[]; view: Signal<View> }) {
  const { section, items, view } = props;
  const rowPx = rem(dense.value ? DENSE_REM : ROW_REM);
  const kept = items.findIndex((item) => item.id === selectedId.value);
  const parts = stretches(items.length, rowPx, startOf(section, rowPx), view.value, kept);
  return (
    <>
      {parts.flatMap((part) => [
        <div key={`gap-${part.from}`} role="presentation" ref={tall(part.gap * rowPx)} />,
        ...items
          .slice(part.from, part.to)
          .map((item, index) => (
            <Row key={item.id} item={item} place={part.from + index + 1} of={items.length} />
          )),
      ])}
    </>
  );
}

/** Six rows of the final height, so that nothing jumps when the list comes. */
function Ghosts(): ComponentChildren {
  return (
    <div class="rows" aria-busy="true" aria-label={t("c.load")} role="status">
      {Array.from({ length: 6 }, (_, index) => (
        <div key={index} class="row ghost" />
      ))}
    </div>
  );
}
