import * as clock from "../clock";
import { Dialog } from "../Dialog";
import { shortTime } from "../format";
import { language, t } from "../language";
import type { Readiness } from "./contract";
import { useRead } from "./useRead";
import { Waiting } from "./Waiting";

/** Holes in the chains of the next hours: whom nobody would reach, and when. */
export function ReadinessDialog() {
  const reading = useRead<Readiness>("/v1/readiness");
  const found = reading.data.value;
  return (
    <Dialog name="readiness" heading={t("b.ready")}>
      {found === null ? (
        <Waiting reading={reading} />
      ) : found.items.length === 0 ? (
        <p class="whole" data-testid="ready-until">
          {t("b.complete", { time: shortTime(found.ends, clock.hour.value) })}
        </p>
      ) : (
        <ul class="lines" data-testid="holes">
          {found.items.map((lack, index) => (
            <li key={index} class={lack.grave === false ? "" : "grave"}>
              <b>{shortTime(lack.starts, clock.hour.value)}</b> {lack[language.value]}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
