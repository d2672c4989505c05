/** How far something got, as four dots (or two, where nobody reads it) with words elsewhere. */

export function Dots({ lit, of = 4, failed = false }: DotsProps) {
  const marks: string[] = Array.from({ length: of }, (_, index) => (index < lit ? "●" : "○"));
  if (failed) marks[0] = "✕";
  return (
    <span class="dots" aria-hidden="true" data-lit={lit} data-failed={failed}>
      {marks.join("")}
    </span>
  );
}

interface DotsProps {
  lit: number;
  of?: number;
  failed?: boolean;
}
