/** Reads the deployment's PMTiles archive piece by piece, through a short absence of the server. */

import { EtagMismatch, FetchSource, PMTiles, type RangeResponse, ResolvedValueCache, type Source } from "pmtiles";

const AGAIN_AFTER_MS = [2_000, 10_000, 60_000];
const PATIENCE_MS = 15_000;

/** Asks again a few times; then the place stays empty until it is looked at anew. */
class PatientSource implements Source {
  private readonly inner: FetchSource;

  constructor(
    address: string,
    private readonly heard: (answered: boolean) => void,
  ) {
    this.inner = new FetchSource(address);
  }

  getKey = () => this.inner.getKey();

  async getBytes(
    offset: number,
    length: number,
    over?: AbortSignal,
    etag?: string,
  ): Promise<RangeResponse> {
    for (const wait of [...AGAIN_AFTER_MS, null]) {
      const late = AbortSignal.timeout(PATIENCE_MS);
      const signal = over ? AbortSignal.any([over, late]) : late;
      try {
        const answer = await this.inner.getBytes(offset, length, signal, etag);
        this.heard(true);
        return answer;
      } catch (error) {
        // Another edition of the file: the caller begins anew with its directory.
        if (over?.aborted || error instanceof EtagMismatch) throw error;
        this.heard(false);
        if (wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
        over?.throwIfAborted();
      }
    }
    throw new Error("unreachable");
  }
}

/** `heard` is told after each request whether it was answered. */
export function openArchive(address: string, heard: (answered: boolean) => void): PMTiles {
  // A cache of answers, not of promises: of those one that failed would stay failed.
  return new PMTiles(new PatientSource(address, heard), new ResolvedValueCache());
}

/** What the archive says whom its data is of, which is text here whatever markup it holds. */
export function creditOf(metadata: unknown): string {
  const said = (metadata as { attribution?: unknown } | null)?.attribution;
  if (typeof said !== "string") return OSM;
  const parsed = new DOMParser().parseFromString(said, "text/html");
  const text = parsed.body.textContent?.replace(/\s+/g, " ").trim() ?? "";
  return text.slice(0, LONGEST_CREDIT) || OSM;
}

const OSM = "© OpenStreetMap";
const LONGEST_CREDIT = 120;
