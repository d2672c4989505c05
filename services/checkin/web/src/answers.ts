/** The crew's answers to what came down; what this phone answered counts before the server says so. */

import { computed } from "@preact/signals";
import { seconds } from "./clock";
import type { NudgeItem, OrderItem } from "./contract";
import { duty } from "./duty";
import { nudges, orders } from "./inbox";
import { items, write } from "./outbox";
import { asData } from "./position";

const STEPS = ["accepted", "declined", "en_route", "arrived"] as const;
export type OrderStep = (typeof STEPS)[number];
const LAPSED_MS = 30 * 60_000;
const ANSWERED = "ronda.welfare.answered.v1";

/**
 * The newest question whether all is well that nobody of the crew has answered. One whose time is
 * over is still worth an answer for a while.
 */
export const openNudge = computed<NudgeItem | undefined>(() => {
  const answers = items.value.filter((item) => item.type === ANSWERED);
  const known = new Set(answers.map((item) => item.event.data.nudge));
  const recent = seconds.value - LAPSED_MS;
  return nudges.value.findLast(
    ({ id, state, at }) =>
      !known.has(id) && (state === "asked" || (state === "lapsed" && Date.parse(at) > recent)),
  );
});

export async function answerNudge(nudge: NudgeItem): Promise<void> {
  const data = { nudge: nudge.id, crew: duty.value?.crew, position: asData() };
  await write([{ type: ANSWERED, data }]);
}

/** The orders that this crew has not declined, each with how far the crew is. */
export const openOrders = computed(() =>
  orders.value
    .map((order) => ({ order, step: stepOf(order) }))
    .filter(({ step }) => step !== "declined"),
);

function stepOf(order: OrderItem): OrderStep | null {
  const said = (step: OrderStep) =>
    order.order[`${step}_at`] != null ||
    items.value.some((item) => item.type === typeOf(step) && item.event.data.alert === order.id);
  return STEPS.findLast(said) ?? null;
}

export async function answerOrder(order: OrderItem, step: OrderStep): Promise<void> {
  const data = { alert: order.id, crew: order.order.crew, position: asData() };
  await write([{ type: typeOf(step), data, subject: order.site ?? undefined }]);
}

function typeOf(step: OrderStep): string {
  return `ronda.dispatch.${step}.v1`;
}
