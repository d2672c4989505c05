import { useEffect, useRef, useState } from "preact/hooks";
import { waysIn } from "./api";
import { Choices } from "./Choices";
import type { Proof, Ways } from "./contract";
import { enter } from "./entry";
import { t } from "./language";
import { Mark } from "./Mark";
import { callSomebody } from "./siren/watch";
import { loginNote } from "./state";

/** Until the server has said it: a password, which every server with accounts takes. */
const USUAL: Ways = { password: true, sso: null };

export function Login() {
  const form = useRef<HTMLFormElement>(null);
  const [ways, setWays] = useState<Ways | null>(null);
  const [byToken, setByToken] = useState(false);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    waysIn().then(setWays, () => setWays(USUAL));
  }, []);

  useEffect(callSomebody, []);

  const wantsToken = byToken || ways?.password === false;

  useEffect(() => form.current?.querySelector("input")?.focus(), [ways, wantsToken]);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const proof = form.current && proofIn(form.current, wantsToken);
    if (busy || !proof) return firstEmpty(form.current)?.focus();
    setBusy(true);
    await enter(proof);
    setBusy(false);
    form.current?.querySelector<HTMLInputElement>("input[type=password]")?.select();
  }

  return (
    <main class="login">
      <form class="login-card" ref={form} onSubmit={submit} data-testid="login">
        <h1>
          <Mark /> Ronda
        </h1>
        <p class="login-purpose">{t("login.purpose")}</p>
        {ways === null ? null : wantsToken ? <TokenField /> : <PasswordFields />}
        <p class="login-error" role="alert" data-testid="login-error">
          {loginNote}
        </p>
        <button class="primary" type="submit" aria-disabled={busy} data-testid="login-submit">
          {busy ? t("c.load") : t("c.login")}
        </button>
        {ways?.sso && (
          <a class="login-other" href={ways.sso.url} data-testid="login-sso">
            {t("login.sso", { label: ways.sso.label })}
          </a>
        )}
        {ways?.password && (
          <button
            class="login-other"
            type="button"
            onClick={() => setByToken(!byToken)}
            data-testid="login-other"
          >
            {byToken ? t("login.usepassword") : t("login.usetoken")}
          </button>
        )}
      </form>
      <Choices />
    </main>
  );
}

function PasswordFields() {
  return (
    <>
      <label for="login">{t("login.name")}</label>
      <input
        id="login"
        name="login"
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        maxLength={200}
        required
        data-testid="login-name"
      />
      <label for="password">{t("login.password")}</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        maxLength={1000}
        required
        data-testid="login-password"
      />
    </>
  );
}

function TokenField() {
  return (
    <>
      <label for="token">{t("login.token")}</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        aria-describedby="token-hint"
        data-testid="login-token"
      />
      <p id="token-hint" class="hint">
        {t("login.hint")} <code>ronda token --actor … --role operator --unit …</code>
      </p>
    </>
  );
}

/** What the form holds, or null while something is missing. A password is taken as it is typed. */
function proofIn(form: HTMLFormElement, byToken: boolean): Proof | null {
  const typed = new FormData(form);
  const of = (name: string) => String(typed.get(name) ?? "");
  if (byToken) {
    const token = of("token").trim();
    return token === "" ? null : { token };
  }
  const login = of("login").trim();
  const password = of("password");
  return login === "" || password === "" ? null : { login, password };
}

function firstEmpty(form: HTMLFormElement | null): HTMLInputElement | null {
  const fields = form?.querySelectorAll<HTMLInputElement>("input") ?? [];
  return [...fields].find((field) => field.value.trim() === "") ?? null;
}
