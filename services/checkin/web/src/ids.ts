/** Event ids: UUIDv7 (RFC 9562 §5.7), rising on this device even within a millisecond. */

import { hex } from "./bytes";

let last = 0;

export function newId(now: number): string {
  last = Math.max(Math.floor(now), last + 1);
  const random = crypto.getRandomValues(new Uint8Array(10));
  random[0] = 0x70 | ((random[0] ?? 0) & 0x0f);
  random[2] = 0x80 | ((random[2] ?? 0) & 0x3f);
  const digits = last.toString(16).padStart(12, "0") + hex(random);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
