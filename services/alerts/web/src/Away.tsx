import type { ComponentChildren } from "preact";

/** A link that leaves the board open; plain words where there is nowhere to go. */
export function Away({ href, children }: { href: string | null; children: ComponentChildren }) {
  if (href === null) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
