/**
 * The live stream (server-sent events) over fetch: EventSource gives up for ever on an answer that
 * is not 200, and forgets the last id when a watchdog has to replace it.
 */

const PAUSES_MS = [1_000, 2_000, 5_000];
/** A clock message comes every 5 s; a connection that says nothing this long is dead. */
const SILENT_MS = 15_000;
const LONGEST_MESSAGE = 4 * 1024 * 1024;

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

export interface Listener {
  opened(): void;
  message(message: Message): void;
  /** A connection could not be opened. One that ends is opened anew without a word. */
  failed(): void;
  /** The session is no longer good; nothing is tried again. */
  ended(): void;
}

/** Follows the stream until the returned function is called. */
export function follow(path: string, listener: Listener): () => void {
  const stop = new AbortController();
  void run(path, listener, stop.signal);
  return () => stop.abort();
}

async function run(path: string, listener: Listener, stopped: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  let failures = 0;
  while (!stopped.aborted) {
    let opened = false;
    const onOpened = () => ((opened = true), listener.opened());
    const status = await connection(path, lastId, stopped, onOpened, (message) => {
      lastId = message.id ?? lastId;
      failures = 0;
      listener.message(message);
    }).catch(() => null); // cut or silent: the reason changes nothing
    if (stopped.aborted) return;
    if (status === 401) return listener.ended();
    if (!opened) listener.failed();
    await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 0, stopped);
    failures += 1;
  }
}

/** One connection, from opening to end; answers the HTTP status. */
async function connection(
  path: string,
  lastId: string | null,
  stopped: AbortSignal,
  opened: () => void,
  take: (message: Message) => void,
): Promise<number> {
  const dead = new AbortController();
  let watchdog = setTimeout(() => dead.abort(), SILENT_MS);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const signal = AbortSignal.any([stopped, dead.signal]);
    const answer = await fetch(path, { headers, signal, cache: "no-store" });
    if (answer.status !== 200 || answer.body === null) return answer.status;
    opened();
    const parse = parser(take);
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => dead.abort(), SILENT_MS);
      parse(chunk);
    }
    return answer.status;
  } finally {
    clearTimeout(watchdog);
    dead.abort();
  }
}

/** Cuts text into messages at the empty lines, as the HTML standard says. */
function parser(take: (message: Message) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    rest = (rest + chunk).replaceAll("\r\n", "\n");
    if (rest.length > LONGEST_MESSAGE) throw new Error("a message of the stream has no end");
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const message = parsed(block);
      if (message.data !== "") take(message);
    }
  };
}

function parsed(block: string): Message {
  const message: Message = { id: null, event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    if (field === "event") message.event = value;
    if (field === "id") message.id = value;
  }
  message.data = data.join("\n");
  return message;
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = () => (clearTimeout(timer), resolve());
    stopped.addEventListener("abort", end, { once: true });
  });
}
