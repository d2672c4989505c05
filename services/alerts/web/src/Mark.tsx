/** The sign of Ronda: a round that is walked. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 5a11 11 0 1 1-9.5 5.5" />
      <circle cx="16" cy="16" r="4" />
    </svg>
  );
}
