import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { backToQueue, dialog } from "./desk";
import { t } from "./language";

interface Props {
  name: string;
  heading: string;
  children: ComponentChildren;
  /** The label of the button that does it; without one the dialog only closes. */
  confirm?: string;
  ready?: boolean;
  onConfirm?: () => void;
  wide?: boolean;
}

/** A native modal dialog: it keeps the focus and gives it back. Ctrl+Enter confirms. */
export function Dialog({ name, heading, children, confirm, ready = true, onConfirm, wide = false }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  // Before anything is painted: an Escape that came between a dialog and the one that takes its
  // place would find none open, and be lost.
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    box.current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      if (before instanceof HTMLButtonElement && before.isConnected) before.focus();
      else backToQueue(false); // the row may have moved meanwhile
    };
  }, []);

  const submit = (event?: Event) => {
    event?.preventDefault();
    if (ready) onConfirm?.();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.ctrlKey) submit(event);
  };

  return (
    <dialog
      ref={box}
      class={wide ? "wide" : ""}
      aria-labelledby="dialog-title"
      onClose={() => (dialog.value = null)}
      onKeyDown={onKeyDown}
      data-testid={`dialog-${name}`}
    >
      <form onSubmit={submit}>
        <h2 id="dialog-title">{heading}</h2>
        {children}
        <div class="dialog-buttons">
          <button
            type="button"
            class="plain"
            onClick={() => (dialog.value = null)}
            data-testid="dialog-cancel"
          >
            {t(confirm ? "c.cancel" : "c.close")} <kbd>Esc</kbd>
          </button>
          {confirm && (
            <button
              type="submit"
              class="primary"
              aria-disabled={!ready}
              data-testid="dialog-confirm"
            >
              {confirm} <kbd>Ctrl ↵</kbd>
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
