/** What came down and wants an answer, above whatever screen is open. */

import { answerNudge, answerOrder, type OrderStep, openNudge, openOrders } from "./answers";
import { siteName } from "./assignment";
import { distance } from "./format";
import { t } from "./language";
import { metresTo } from "./position";
import { reportLabel } from "./report";
import type { OrderItem } from "./contract";

export function Notices() {
  const nudge = openNudge.value;
  return (
    <>
      {nudge && (
        <section class="card order" data-testid="nudge">
          <p>{t("wel.ask")}</p>
          <button
            type="button"
            class="primary"
            data-testid="safe"
            onClick={() => answerNudge(nudge)}
          >
            {t("wel.ok")}
          </button>
        </section>
      )}
      {openOrders.value.map(({ order, step }) => (
        <OrderCard order={order} step={step} key={order.id} />
      ))}
    </>
  );
}

const NEXT: Record<OrderStep | "sent", OrderStep[]> = {
  sent: ["accepted", "declined"],
  accepted: ["en_route"],
  en_route: ["arrived"],
  arrived: [],
  declined: [],
};

function OrderCard({ order, step }: { order: OrderItem; step: OrderStep | null }) {
  const { lat, lon } = order;
  const away = lat !== null && lon !== null ? metresTo({ lat, lon }) : null;
  const site = order.site_name ?? (order.site ? siteName(order.site) : "");
  return (
    <section class="card order" data-testid="order" data-step={step ?? "sent"}>
      <h2>{t("ord.title", { crew: order.order.crew, site })}</h2>
      <p>
        {reportLabel(order.category)}
        {away !== null && ` · ${distance(away)}`}
      </p>
      {order.text && <p>{order.text}</p>}
      <p class="quiet">{t("ord.by", { name: order.order.by })}</p>
      {step === "arrived" && <p>{t("u.there")}</p>}
      <div class="pair">
        {NEXT[step ?? "sent"].map((one, index) => (
          <button
            type="button"
            class={index === 0 ? "primary" : "plain"}
            data-testid={`order-${one}`}
            onClick={() => answerOrder(order, one)}
          >
            {t(`ord.${one}`)}
          </button>
        ))}
      </div>
    </section>
  );
}
