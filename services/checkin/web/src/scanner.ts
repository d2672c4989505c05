/** Reads a QR code from the camera, with the browser's own detector or a decoder loaded for it. */

const PAUSE_MS = 150;
/** Large enough for a sign on a wall, small enough for a cheap phone. */
const WIDEST = 720;

type Reader = (frame: HTMLVideoElement) => Promise<string | null>;

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}

interface DetectorMaker {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

export interface Camera {
  /** Null where the camera has no lamp. */
  torch: ((on: boolean) => Promise<void>) | null;
  stop: () => void;
}

/** Raises the browser's error where there is no camera or it was refused. */
export async function scan(video: HTMLVideoElement, found: (code: string) => void) {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 } },
  });
  const read = await reader();
  let running = true;
  const stop = () => {
    running = false;
    for (const track of stream.getTracks()) track.stop();
  };
  video.srcObject = stream;
  await video.play().catch(stop);
  const look = async () => {
    if (!running) return;
    const code = await read(video).catch(() => null);
    if (running && code) found(code);
    setTimeout(look, PAUSE_MS);
  };
  void look();
  return { torch: lamp(stream), stop } satisfies Camera;
}

function lamp(stream: MediaStream): Camera["torch"] {
  const track = stream.getVideoTracks()[0];
  const able = track?.getCapabilities?.() as { torch?: boolean } | undefined;
  if (!track || !able?.torch) return null;
  return (on) => track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
}

async function reader(): Promise<Reader> {
  const maker = (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  if (maker && (await maker.getSupportedFormats()).includes("qr_code")) {
    const detector = new maker({ formats: ["qr_code"] });
    return async (frame) => (await detector.detect(frame))[0]?.rawValue ?? null;
  }
  const { default: decode } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (frame) => {
    if (!context || frame.videoWidth === 0) return null;
    const scale = Math.min(1, WIDEST / frame.videoWidth);
    canvas.width = Math.round(frame.videoWidth * scale);
    canvas.height = Math.round(frame.videoHeight * scale);
    context.drawImage(frame, 0, 0, canvas.width, canvas.height);
    try {
      return decode(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // no code in this picture
    }
  };
}
