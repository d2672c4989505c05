import { language, t, theme } from "./language";

/** Language and theme; both are kept on this screen. */
export function Choices() {
  return (
    <div class="choices">
      <div class="segments" role="group" aria-label={t("c.language")}>
        {(["id", "en"] as const).map((code) => (
          <button
            key={code}
            type="button"
            lang={code}
            aria-pressed={language.value === code}
            aria-label={code === "id" ? "ID: Bahasa Indonesia" : "EN: English"}
            onClick={() => (language.value = code)}
            data-testid={`language-${code}`}
          >
            {code.toUpperCase()}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="plain"
        onClick={() => (theme.value = theme.value === "dark" ? "light" : "dark")}
        data-testid="theme"
      >
        {t(theme.value === "dark" ? "c.light" : "c.dark")}
      </button>
    </div>
  );
}
