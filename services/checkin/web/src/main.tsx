import { render } from "preact";
import { App } from "./App";
import { begun } from "./begin";
import { startClock } from "./clock";
import { loadIdentity } from "./identity";
import { keepApp } from "./update";
import "./tokens.css";
import "./base.css";
import "./frame.css";
import "./pages.css";
import "./tablet.css";

async function start(page: HTMLElement): Promise<void> {
  await startClock();
  await loadIdentity();
  await begun();
  render(<App />, page);
  await keepApp();
}

const page = document.getElementById("page");
if (page) void start(page);
