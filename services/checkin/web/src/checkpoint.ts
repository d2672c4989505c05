/** The code at a site: `RONDA1:<site>:<issued>:<expires>:<kid>:<signature>`. The server verifies. */

const LONGEST = 256;

/** The site's id, or null where the text is no such code. */
export function siteOfCode(text: string): string | null {
  if (text.length > LONGEST) return null;
  return /^RONDA1:([^:]+):/.exec(text.trim())?.[1] ?? null;
}
