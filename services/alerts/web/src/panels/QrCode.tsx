import encode from "qr";
import { useMemo } from "preact/hooks";

const QUIET = 4;

/** Dark on light in both themes: that is what cameras read. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { side, path } = useMemo(() => drawn(text), [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} data-testid="qr">
      <rect width={side} height={side} />
      <path d={path} />
    </svg>
  );
}

function drawn(text: string): { side: number; path: string } {
  const rows = encode(text, "raw", { border: QUIET });
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])));
  return { side: rows.length, path: path.join("") };
}
