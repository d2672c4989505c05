/**
 * The map's signs, drawn on a canvas. The frame says what a thing is, line and mark how it stands:
 * circles and squares are sites, the four shapes with a letter are alerts, a chevron is a crew.
 */

import type { Severity } from "../contract";
import type { Status } from "../sites";

export type Colours = Readonly<Record<string, string>>;
type Pen = CanvasRenderingContext2D;

const NAMES = [
  "bg",
  "card",
  "text",
  "text2",
  "text3",
  "edge",
  "hairline",
  "map",
  "ground-water",
  "ground-green",
  "ground-built",
  "ground-road",
  "ground-line",
  "ground-word",
  "kritis",
  "kritis-text",
  "kritis-line",
  "tinggi",
  "tinggi-text",
  "tinggi-line",
  "sedang",
  "sedang-text",
  "sedang-line",
  "rendah-line",
  "recover",
  "dq",
  "accent",
] as const;

/** The tokens of the present theme, for a canvas, which knows no CSS variables. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const HALO_PX = 2;
const RADIUS: Record<string, number> = { office: 9, store: 10, seat: 6, polling: 4 };

/** How a type of site of the plan is drawn. */
export function frameOf(type: string): "office" | "store" | "seat" | "polling" | "post" {
  if (/gudang|warehouse/.test(type)) return "store";
  if (/ppk|pps/.test(type)) return "seat";
  if (/kantor|office/.test(type)) return "office";
  if (/posko|polsek|polres|police/.test(type)) return "post";
  return /tps|polling/.test(type) ? "polling" : "seat";
}

const LINE: Record<Status, { width: number; dash: number[]; mark: string }> = {
  aman: { width: 1, dash: [], mark: "" },
  waspada: { width: 2, dash: [], mark: "·" },
  gangguan: { width: 2, dash: [], mark: "!" },
  pemulihan: { width: 2, dash: [4, 3], mark: "↻" },
  unknown: { width: 2, dash: [2, 2], mark: "?" },
};

export function drawSite(
  pen: Pen,
  x: number,
  y: number,
  type: string,
  status: Status,
  colour: Colours,
): void {
  const frame = frameOf(type);
  const radius = (RADIUS[frame] ?? 8) + (status === "aman" ? 0 : 1);
  const { width, dash, mark } = LINE[status];
  const fill = { aman: "map", waspada: "sedang", gangguan: "kritis", pemulihan: "map", unknown: "map" };
  const line = { aman: "edge", waspada: "text", gangguan: "text", pemulihan: "recover", unknown: "dq" };
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.strokeStyle = colour[line[status]] ?? "";
  pen.fillStyle = colour[fill[status]] ?? "";
  outline(pen, x, y, frame, radius);
  onHalo(pen, colour);
  pen.setLineDash([]);
  if (status === "aman") return;
  const ink = { waspada: "sedang-text", gangguan: "kritis-text", pemulihan: "recover", unknown: "dq" };
  pen.fillStyle = colour[ink[status]] ?? "";
  pen.font = `700 ${radius < 8 ? 10 : 13}px system-ui, sans-serif`;
  pen.fillText(mark, x, y + (frame === "store" ? 2 : 0.5));
}

function outline(pen: Pen, x: number, y: number, frame: string, r: number): void {
  pen.beginPath();
  if (frame === "polling") pen.arc(x, y, r, 0, 2 * Math.PI);
  else if (frame === "store") {
    polygon(pen, x, y, [[-r, -r * 0.3], [0, -r], [r, -r * 0.3], [r, r * 0.9], [-r, r * 0.9]]);
  } else if (frame === "post") {
    polygon(pen, x, y, [[-5, 9], [-5, -9], [8, -5], [-3, -1], [-3, 9]]);
  } else if (frame === "office") pen.roundRect(x - r, y - r, 2 * r, 2 * r, 4);
  else pen.rect(x - r, y - r, 2 * r, 2 * r);
}

const LETTER: Record<Severity, string> = { kritis: "K", tinggi: "T", sedang: "S", rendah: "R" };

export function drawAlert(
  pen: Pen,
  x: number,
  y: number,
  severity: Severity,
  duress: boolean,
  colour: Colours,
): void {
  const r = 11;
  pen.lineWidth = severity === "rendah" ? 2 : 1.5;
  pen.strokeStyle = colour[`${severity}-line`] ?? "";
  pen.fillStyle = colour[severity === "rendah" ? "map" : severity] ?? "";
  pen.beginPath();
  if (severity === "kritis") polygon(pen, x, y, octagon(r));
  else if (severity === "tinggi") polygon(pen, x, y, [[0, -r], [r, r * 0.85], [-r, r * 0.85]]);
  else if (severity === "sedang") polygon(pen, x, y, [[0, -r], [r, 0], [0, r], [-r, 0]]);
  else polygon(pen, x, y, [[-r, -r * 0.85], [r, -r * 0.85], [0, r]]);
  onHalo(pen, colour);
  if (duress) {
    pen.beginPath();
    pen.arc(x, y, r + 4, 0, 2 * Math.PI);
    pen.stroke();
  }
  const lift = { kritis: 0.5, tinggi: 3.5, sedang: 0.5, rendah: -2.5 }[severity];
  pen.fillStyle = colour[severity === "rendah" ? "text" : `${severity}-text`] ?? "";
  pen.font = "700 12px system-ui, sans-serif";
  pen.fillText(LETTER[severity], x, y + lift);
}

/** A crew; hollow where its position is old. */
export function drawCrew(pen: Pen, x: number, y: number, fresh: boolean, colour: Colours): void {
  pen.lineWidth = 2;
  pen.strokeStyle = colour[fresh ? "text" : "dq"] ?? "";
  pen.fillStyle = colour[fresh ? "text" : "map"] ?? "";
  pen.beginPath();
  polygon(pen, x, y, [[0, -8], [7, 7], [0, 3], [-7, 7]]);
  onHalo(pen, colour);
}

/** The path, on a halo in the ground's colour: no road or border of a base map touches a sign. */
function onHalo(pen: Pen, colour: Colours): void {
  const { lineWidth, strokeStyle } = pen;
  const dash = pen.getLineDash();
  pen.setLineDash([]);
  pen.lineWidth = lineWidth + 2 * HALO_PX;
  pen.strokeStyle = colour.map ?? "";
  pen.stroke();
  pen.setLineDash(dash);
  Object.assign(pen, { lineWidth, strokeStyle });
  pen.fill();
  pen.stroke();
}

/** Words with a halo in the ground's colour, so that lines below do not disturb them. */
export function drawWords(pen: Pen, text: string, x: number, y: number, ink: string, map: string): void {
  pen.lineWidth = 3;
  pen.strokeStyle = map;
  pen.strokeText(text, x, y);
  pen.fillStyle = ink;
  pen.fillText(text, x, y);
}

function polygon(pen: Pen, x: number, y: number, points: [number, number][]): void {
  points.forEach(([dx, dy], index) => {
    if (index === 0) pen.moveTo(x + dx, y + dy);
    else pen.lineTo(x + dx, y + dy);
  });
  pen.closePath();
}

function octagon(r: number): [number, number][] {
  const c = r * 0.42;
  return [[-c, -r], [c, -r], [r, -c], [r, c], [c, r], [-c, r], [-r, c], [-r, -c]];
}
