/** The one-time code, as it is printed, typed, or carried by the address of the QR code. */

const LENGTH = 16;

/** The code in groups of four, or null where the text holds none. */
export function enrolmentCode(text: string): string | null {
  const carried = /#enrol=([^&\s]+)/.exec(text)?.[1];
  const plain = decodeURIComponent(carried ?? text).toUpperCase();
  if (carried === undefined && /[^0-9A-Z\s-]/.test(plain)) return null;
  const letters = plain.replaceAll(/[^0-9A-Z]/g, "");
  return letters.length === LENGTH ? (letters.match(/.{4}/g) ?? []).join("-") : null;
}
