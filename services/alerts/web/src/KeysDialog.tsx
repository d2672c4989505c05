import { Dialog } from "./Dialog";
import { type Key, letters, t } from "./language";

const KEYS: [string, Key][] = [
  ["↑ ↓  J K", "k.row"],
  ["Enter", "k.enter"],
  ["Esc", "k.esc"],
  ["A", "a.take"],
  ["B", "a.backup"],
  ["T", "a.arrive"],
  ["S", "a.resolve"],
  ["X", "a.close"],
  ["N", "a.note"],
  ["G", "a.merge"],
  ["R", "k.back"],
  ["L", "b.voice"],
  ["M", "snd.mute"],
  ["F", "s.filter"],
  ["/", "s.search"],
  ["→ ←", "k.fold"],
  ["U", "k.urgent"],
  ["Space", "k.show"],
  ["P", "k.middle"],
  ["Ctrl+Enter", "k.confirm"],
  ["?", "k.list"],
];

export function KeysDialog() {
  return (
    <Dialog name="keys" heading={t("k.title")}>
      <dl class="keys">
        {KEYS.map(([key, label]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(label)}</dd>
          </div>
        ))}
      </dl>
      <label class="option">
        <input
          type="checkbox"
          checked={letters.value}
          onChange={(event) => (letters.value = event.currentTarget.checked)}
          data-testid="letters"
        />
        {t("k.letters")}
      </label>
      <p class="quiet">
        <a href="licenses.txt">{t("k.licenses")}</a>
      </p>
    </Dialog>
  );
}
