import { useRef, useState } from "preact/hooks";
import { Choices } from "./Choices";
import { enter } from "./entry";
import { t } from "./language";
import { Mark } from "./Mark";
import { loginNote } from "./state";

export function Login() {
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token === "" || busy) return field.current?.focus();
    setBusy(true);
    await enter(token);
    setBusy(false);
    field.current?.select();
  }

  return (
    <main class="login">
      <form class="login-card" onSubmit={submit} data-testid="login">
        <h1>
          <Mark /> Ronda
        </h1>
        <p class="login-purpose">{t("login.purpose")}</p>
        <label for="token">{t("login.token")}</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          autofocus
          aria-describedby="token-hint"
          data-testid="login-token"
        />
        <p id="token-hint" class="hint">
          {t("login.hint")} <code>ronda token --actor … --role operator --unit …</code>
        </p>
        <p class="login-error" role="alert" data-testid="login-error">
          {loginNote}
        </p>
        <button class="primary" type="submit" aria-disabled={busy} data-testid="login-submit">
          {busy ? t("c.load") : t("c.login")}
        </button>
      </form>
      <Choices />
    </main>
  );
}
