/** What came down and wants an answer, above whatever screen is open. */

import { answerNudge, answerOrder, type OrderStep, openNudge, openOrders } from "./answers";
import { siteName } from "./assignment";
import { distance } from "./format";
import { t } from "./language";
import { isUnderway, once, SECOND_TAP_MS } from "./once";
import { fix, metresTo } from "./position";
import { reportLabel } from "./report";
import { screen } from "./screen";
import type { NudgeItem, OrderItem } from "./contract";

export function Notices() {
  const nudge = openNudge.value;
  return (
    <>
      {nudge && <Nudge nudge={nudge} />}
      {openOrders.value.map(({ order, step, key }) =>
        step === "arrived" ? (
          <There order={order} key={key} />
        ) : (
          <OrderCard order={order} step={step} key={key} />
        ),
      )}
    </>
  );
}

function Nudge({ nudge }: { nudge: NudgeItem }) {
  const { by, reason, text } = nudge;
  return (
    <section class="card order" data-testid="nudge">
      <h2>{t("wel.ask", { name: by ?? t("wel.post") })}</h2>
      {reason === "silent_site" && <p>{t("wel.silent_site", { site: placeOf(nudge) })}</p>}
      {text && <p>{text}</p>}
      <button
        type="button"
        class="primary"
        data-testid="safe"
        onClick={() => once(`nudge ${nudge.id}`, () => answerNudge(nudge))}
      >
        {t("wel.ok")}
      </button>
    </section>
  );
}

/** So near to where the order leads, arriving is the only answer left to give. */
const HERE_M = 150;
const NEXT: Record<OrderStep | "sent", OrderStep[]> = {
  sent: ["accepted", "declined"],
  accepted: ["en_route", "arrived"],
  en_route: ["arrived"],
  arrived: [],
  declined: [],
};

/** Nothing is left to answer: one line of the tasks is enough. */
function There({ order }: { order: OrderItem }) {
  if (screen.value !== "tasks") return null;
  return (
    <p class="banner" data-testid="order" data-step="arrived">
      {t("u.arrivedat", { crew: order.order.crew, site: placeOf(order) })}
    </p>
  );
}

function placeOf({ site, site_name }: { site: string | null; site_name: string | null }): string {
  return site_name ?? (site ? siteName(site) : "");
}

function OrderCard({ order, step }: { order: OrderItem; step: OrderStep | null }) {
  const { lat, lon } = order;
  const away = lat !== null && lon !== null ? metresTo({ lat, lon }) : null;
  const here = away !== null && away <= HERE_M + (fix.value?.accuracy_m ?? 0);
  const answers = NEXT[step ?? "sent"];
  const offered = here && answers.includes("arrived") ? (["arrived"] as const) : answers;
  const site = placeOf(order);
  const deed = `order ${order.id}`;
  return (
    <section class="card order" data-testid="order" data-step={step ?? "sent"}>
      <h2>{t("ord.title", { crew: order.order.crew, site })}</h2>
      <p>
        {reportLabel(order.category)}
        {away !== null && `\u00a0· ${distance(away)}`}
      </p>
      {order.text && <p>{order.text}</p>}
      <p class="quiet">{t("ord.by", { name: order.order.by })}</p>
      {offered !== answers && <p data-testid="order-here">{t("ord.here")}</p>}
      <div class="pair">
        {offered.map((one, index) => (
          <button
            type="button"
            class={index === 0 ? "primary" : "plain"}
            data-testid={`order-${one}`}
            aria-disabled={isUnderway(deed)}
            onClick={() => once(deed, () => answerOrder(order, one), SECOND_TAP_MS)}
          >
            {t(`ord.${one}`)}
          </button>
        ))}
      </div>
    </section>
  );
}
