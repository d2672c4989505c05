/** Signing in: by the cookie that is there, by the token of the address, or by the form. */

import { signal } from "@preact/signals";
import { Refused, signIn, signOut, whoAmI } from "./api";
import type { Proof } from "./contract";
import { t } from "./language";
import { start, stop } from "./live";
import { forget, loginNote, session } from "./state";

/** Whether the page knows if somebody is signed in. */
export const checked = signal(false);

/** `#token=…` signs in once; it is gone from the address before anything is sent. */
export function tokenOfAddress(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Why the issuer's way in led nowhere, as the server put it into the address. */
export function refusalOfAddress(): string | null {
  const why = new URLSearchParams(location.search).get("sso");
  if (why !== null) history.replaceState(null, "", location.pathname + location.hash);
  return why;
}

export async function enter(proof: Proof | null): Promise<void> {
  loginNote.value = ssoNote(refusalOfAddress());
  try {
    if (proof !== null) await signIn(proof);
    session.value = await whoAmI();
    start();
  } catch (error) {
    if (!(error instanceof Refused)) loginNote.value = t("login.noanswer");
    else if (proof !== null) loginNote.value = refusalNote(error);
  } finally {
    checked.value = true;
  }
}

function refusalNote(error: Refused): string {
  const { status, detail, extra } = error.problem;
  if (status === 429) return t("login.wait", { t: t("c.second", { n: extra?.wait_s ?? "?" }) });
  if (extra?.code === "wrong_password") return t("login.wrongpassword");
  return t("login.wrong", { reason: detail });
}

function ssoNote(why: string | null): string {
  if (why === null) return "";
  if (why === "unknown") return t("login.sso.unknown");
  return why === "unreachable" ? t("login.sso.unreachable") : t("login.sso.failed");
}

export async function leave(): Promise<void> {
  stop();
  await signOut().catch(() => undefined); // without an answer the cookie still runs out by itself
  forget();
}
