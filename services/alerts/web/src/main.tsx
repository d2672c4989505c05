import { render } from "preact";
import { App } from "./App";
import "./tokens.css";
import "./base.css";
import "./frame.css";
import "./queue.css";
import "./severity.css";
import "./detail.css";
import "./sites.css";
import "./dialog.css";
import "./map.css";
import "./panels.css";

const page = document.getElementById("page");
if (page) render(<App />, page);
