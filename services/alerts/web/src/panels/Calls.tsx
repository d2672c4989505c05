import { clockTime, postName } from "../format";
import { t, tIfKnown } from "../language";
import type { Call } from "./contract";
import { useRead } from "./useRead";

/** Whom the service called about this alert, over which way, and whether it arrived. */
export function Calls({ alert, version }: { alert: string; version: number }) {
  const path = `/v1/notifications?state=all&alert=${encodeURIComponent(alert)}`;
  // A new version of the alert may mean new calls.
  const reading = useRead<{ items: Call[] }>(path, version);
  const calls = reading.data.value?.items ?? [];
  if (calls.length === 0) return null;
  return (
    <>
      <h3 class="calls-title">{t("call.title")}</h3>
      <ul class="calls" data-testid="calls">
        {calls.map((call, index) => (
          <li key={index} class={`call-${call.standing}`}>
            <b>{postName(call.post)}</b> · {call.recipient} · {call.channel}
            <small>{words(call)}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

function words(call: Call): string {
  const at = call.delivered_at ?? call.accepted_at;
  const standing = tIfKnown("call", call.standing);
  const when = at ? ` ${clockTime(at)}` : "";
  return `${standing}${when}${call.error ? ` · ${call.error}` : ""}`;
}
