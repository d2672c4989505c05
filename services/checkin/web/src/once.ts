/** A finger taps twice, and a camera sees the same code seven times a second. */

const underway = new Set<string>();

/** While a deed is being written down, the same deed is not begun again. */
export async function once(deed: string, act: () => Promise<unknown>): Promise<void> {
  if (underway.has(deed)) return;
  underway.add(deed);
  try {
    await act();
  } finally {
    underway.delete(deed);
  }
}
