import { perform } from "./commands";
import type { Alert } from "./contract";
import { t } from "./language";
import { undoable } from "./marks";

/** For ten seconds after a merge or a split: one press takes it back. */
export function UndoBar({ alert }: { alert: Alert }) {
  if (undoable.value !== alert.id) return null;
  const undo = () => {
    undoable.value = null;
    void perform(alert, "undo");
  };
  return (
    <p class="undo" role="status" data-testid="undo-bar">
      {t("a.regrouped")}
      <button type="button" class="plain" onClick={undo} data-testid="undo">
        {t("c.undo")}
      </button>
    </p>
  );
}
