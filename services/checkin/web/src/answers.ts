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
    .filter(({ order }) => !duty.value || order.crew === duty.value.crew)
    .map((order) => ({ order, step: stepOf(order), key: keyOf(order) }))
    .filter(({ step }) => step !== "declined"),
);

/** An alert may need the same crew twice: each order is asked for, and answered, anew. */
function keyOf({ id, order }: OrderItem): string {
  return `${id} ${order.crew} ${order.at}`;
}

function stepOf(order: OrderItem): OrderStep | null {
  const key = keyOf(order);
  const said = (step: OrderStep) =>
    order.order[`${step}_at`] != null ||
    items.value.some((item) => item.answers === key && item.type === typeOf(step));
  return STEPS.findLast(said) ?? null;
}

export async function answerOrder(order: OrderItem, step: OrderStep): Promise<void> {
  const data = { alert: order.id, crew: order.order.crew, position: asData() };
  const type = typeOf(step);
  await write([{ type, data, subject: order.site ?? undefined, answers: keyOf(order) }]);
}

function typeOf(step: OrderStep): string {
  return `ronda.dispatch.${step}.v1`;
}
