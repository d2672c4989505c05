/** A picture for the record: drawn anew, which leaves its metadata behind, then hashed. */

import { sha256 } from "./bytes";
import { now } from "./clock";
import type { Photo } from "./outbox";

const LONGEST_SIDE = 1600;
/** Tried in this order until the picture is small enough for the server. */
const QUALITIES = [0.72, 0.5, 0.3];
const MOST_BYTES = 700 * 1024;

/** Raises where the file is no picture that this browser can read. */
export async function photoOf(file: Blob): Promise<Photo> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await small(canvas);
  return {
    sha256: await sha256(await blob.arrayBuffer()),
    blob,
    savedAt: now(),
    state: "saved",
  };
}

async function small(canvas: HTMLCanvasElement): Promise<Blob> {
  let last: Blob | null = null;
  for (const quality of QUALITIES) {
    last = await new Promise((made) => canvas.toBlob(made, "image/jpeg", quality));
    if (last && last.size <= MOST_BYTES) return last;
  }
  if (!last) throw new Error("the picture cannot be written");
  return last;
}
