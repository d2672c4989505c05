/** Reads the deployment's PMTiles archive piece by piece, through a short absence of the server. */

import { EtagMismatch, FetchSource, PMTiles, type RangeResponse, ResolvedValueCache, type Source } from "pmtiles";

const AGAIN_AFTER_MS = [2_000, 10_000, 60_000];
const PATIENCE_MS = 15_000;

/** Asks again, in the end once a minute, until there is an answer or nobody looks any more. */
class PatientSource implements Source {
  private readonly inner: FetchSource;

  constructor(
    address: string,
    private readonly heard: (answered: boolean) => void,
    private readonly gone: AbortSignal,
  ) {
    this.inner = new FetchSource(address);
  }

  getKey = () => this.inner.getKey();

  async getBytes(
    offset: number,
    length: number,
    signal?: AbortSignal,
    etag?: string,
  ): Promise<RangeResponse> {
    const over = signal ? AbortSignal.any([signal, this.gone]) : this.gone;
    for (let tries = 0; ; tries += 1) {
      try {
        const late = AbortSignal.timeout(PATIENCE_MS);
        const answer = await this.inner.getBytes(offset, length, AbortSignal.any([over, late]), etag);
        this.heard(true);
        return answer;
      } catch (error) {
        // Another edition of the file: the caller begins anew with its directory.
        if (over.aborted || error instanceof EtagMismatch) throw error;
        this.heard(false);
      }
      const wait = AGAIN_AFTER_MS[Math.min(tries, AGAIN_AFTER_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, wait));
      over.throwIfAborted();
    }
  }
}

/** `heard` is told after each request whether it was answered. */
export function openArchive(
  address: string,
  heard: (answered: boolean) => void,
  gone: AbortSignal,
): PMTiles {
  // A cache of answers, not of promises: of those one that failed would stay failed.
  return new PMTiles(new PatientSource(address, heard, gone), new ResolvedValueCache());
}

/** What the archive says whom its data is of, which is text here whatever markup it holds. */
export function creditOf(metadata: unknown): string | null {
  const said = (metadata as { attribution?: unknown } | null)?.attribution;
  if (typeof said !== "string") return null;
  const parsed = new DOMParser().parseFromString(said, "text/html");
  const text = parsed.body.textContent?.replace(/\s+/g, " ").trim() ?? "";
  return text.slice(0, LONGEST_CREDIT) || null;
}

const LONGEST_CREDIT = 120;
