/** Who this phone is: its key, which no script can read out, and what it was enrolled as. */

import { signal } from "@preact/signals";
import { base64url } from "./bytes";
import { canonical, type Json } from "./canonical";
import type { Enrolment } from "./contract";
import { drop, keep, kept } from "./database";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

export interface Identity extends Enrolment {
  keys: CryptoKeyPair;
}

/** Null on a phone that is not enrolled. */
export const identity = signal<Identity | null>(null);

/** An enrolled phone asks for a new enrolment, because the old one has ended. */
export const enrolling = signal(false);

export async function loadIdentity(): Promise<void> {
  identity.value = (await kept("identity")) ?? null;
}

/** The key that an enrolment is asked with: the same again when an answer was lost. */
export async function keysToEnrol(): Promise<CryptoKeyPair> {
  const pending = await kept("pending");
  if (pending) return pending;
  const made = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  await keep("pending", made);
  return made;
}

export async function forgetPendingKeys(): Promise<void> {
  await drop("pending");
}

export async function publicKey(keys: CryptoKeyPair): Promise<Record<string, string>> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  return { kty: kty ?? "", crv: crv ?? "", x: x ?? "", y: y ?? "" };
}

export async function becomeEnrolled(as: Enrolment, keys: CryptoKeyPair): Promise<void> {
  const { device, actor, name, role, unit } = as;
  const made: Identity = { device, actor, name, role, unit, keys };
  // A new enrolment is a new device: its numbers and its duty begin anew.
  await keep("sequence", 0);
  await drop("tokens");
  await drop("duty");
  await keep("identity", made);
  await forgetPendingKeys();
  identity.value = made;
}

/** ES256 over the canonical form: r and s, 64 bytes, as base64url. */
export async function signature(value: Json, keys: CryptoKeyPair): Promise<string> {
  const bytes = new TextEncoder().encode(canonical(value));
  return base64url(await crypto.subtle.sign(SIGNATURE, keys.privateKey, bytes));
}
