import { useEffect } from "preact/hooks";
import { polite, urgentWord } from "./announce";
import { Board } from "./Board";
import { checked, enter, tokenOfAddress } from "./entry";
import { t } from "./language";
import { Login } from "./Login";
import { isWall, session } from "./state";
import { Wall } from "./Wall";

export function App() {
  useEffect(() => {
    const onHash = () => {
      const token = tokenOfAddress();
      if (token !== null) void enter({ token });
    };
    const token = tokenOfAddress();
    void enter(token === null ? null : { token });
    addEventListener("hashchange", onHash);
    return () => removeEventListener("hashchange", onHash);
  }, []);
  return (
    <>
      {session.value ? isWall ? <Wall /> : <Board /> : checked.value ? <Login /> : <Waiting />}
      <p class="unseen" role="status" aria-live="polite">
        {polite}
      </p>
      <p class="unseen" role="alert">
        {urgentWord}
      </p>
    </>
  );
}

function Waiting() {
  return (
    <main class="login" aria-busy="true">
      <p>{t("c.load")}</p>
    </main>
  );
}
