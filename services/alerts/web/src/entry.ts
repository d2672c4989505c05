/** Signing in: by the cookie that is there, by the token of the address, or by the form. */

import { signal } from "@preact/signals";
import { Refused, signIn, signOut, whoAmI } from "./api";
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

export async function enter(token: string | null): Promise<void> {
  loginNote.value = "";
  try {
    if (token !== null) await signIn(token);
    session.value = await whoAmI();
    start();
  } catch (error) {
    if (!(error instanceof Refused)) loginNote.value = t("login.noanswer");
    else if (token !== null) loginNote.value = t("login.wrong", { reason: error.problem.detail });
  } finally {
    checked.value = true;
  }
}

export async function leave(): Promise<void> {
  stop();
  await signOut().catch(() => undefined); // without an answer the cookie still runs out by itself
  forget();
}
