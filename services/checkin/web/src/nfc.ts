/** Reads the text or address of an NFC tag, in browsers that have Web NFC (Chrome on Android). */

interface TagRecord {
  recordType: string;
  data?: DataView;
}

interface TagReader extends EventTarget {
  scan(options: { signal: AbortSignal }): Promise<void>;
}

const made = () => (globalThis as { NDEFReader?: new () => TagReader }).NDEFReader;

export function hasNfc(): boolean {
  return made() !== undefined;
}

/** Raises where NFC is off or was refused. The caller's signal ends the reading. */
export async function readTags(signal: AbortSignal, found: (code: string) => void) {
  const maker = made();
  if (!maker) throw new Error("this browser has no NFC");
  const reader = new maker();
  reader.addEventListener("reading", (event) => {
    const { records } = (event as Event & { message: { records: TagRecord[] } }).message;
    const text = records.find((one) => one.recordType === "text" || one.recordType === "url");
    if (text?.data) found(new TextDecoder().decode(text.data));
  });
  await reader.scan({ signal });
}
