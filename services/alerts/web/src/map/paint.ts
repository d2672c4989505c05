/** Paints a scene into the map's canvas: ground first, then sites, alerts, crews. */

import { age } from "../format";
import { around, beside, Labels } from "./labels";
import type { AlertSpot, Bubble, Scene, Spot } from "./scene";
import { type Colours, drawAlert, drawCrew, drawSite, frameOf } from "./symbols";

type Pen = CanvasRenderingContext2D;

export interface Frame {
  width: number;
  height: number;
  zoom: number;
  /** How many pixels of the page one of ours has: signs grow with the type, on a wall too. */
  grown: number;
  /** The degrees that are in view. */
  south: number;
  west: number;
  north: number;
  east: number;
  at: (spot: Spot) => { x: number; y: number };
  colour: Colours;
}

/** Below this zoom a district is one count. */
export const SITES_FROM_ZOOM = 11;
const NAMES_FROM_ZOOM = 14;
const FRESH_MS = 300_000;
const MARGIN_PX = 24;
/** Nearer than this two signs are one; from afar there is room for its count too. */
const SIGN_PX = 18;
const FAR_SIGN_PX = 44;
const BELOW_COUNT_PX = 26;
const FONT = "system-ui, sans-serif";

export function paint(pen: Pen, scene: Scene, frame: Frame, withGrid: boolean): void {
  pen.clearRect(0, 0, frame.width, frame.height);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  const labels = new Labels();
  const near = frame.zoom >= SITES_FROM_ZOOM;
  if (withGrid) grid(pen, frame);
  if (near) sites(pen, scene, frame, labels);
  else bubbles(pen, scene.bubbles, frame, labels);
  alerts(pen, scene, frame, labels);
  crews(pen, scene, frame, labels);
  if (near) districts(scene.bubbles, frame, labels);
  labels.draw(pen, frame.colour.map ?? "");
}

export function isInView({ x, y }: { x: number; y: number }, frame: Frame): boolean {
  const m = MARGIN_PX;
  return x > -m && y > -m && x < frame.width + m && y < frame.height + m;
}

/** Lines of longitude and latitude, where there is no other ground. */
function grid(pen: Pen, frame: Frame): void {
  const step = frame.zoom >= 13 ? 0.02 : frame.zoom >= 11 ? 0.05 : frame.zoom >= 9 ? 0.2 : 1;
  pen.strokeStyle = frame.colour.hairline ?? "";
  pen.lineWidth = 1;
  pen.beginPath();
  for (let lon = Math.ceil(frame.west / step) * step; lon < frame.east; lon += step) {
    const { x } = frame.at({ lat: frame.south, lon });
    pen.moveTo(Math.round(x) + 0.5, 0);
    pen.lineTo(Math.round(x) + 0.5, frame.height);
  }
  for (let lat = Math.ceil(frame.south / step) * step; lat < frame.north; lat += step) {
    const { y } = frame.at({ lat, lon: frame.west });
    pen.moveTo(0, Math.round(y) + 0.5);
    pen.lineTo(frame.width, Math.round(y) + 0.5);
  }
  pen.stroke();
}

/** A district's count, and its name above where there is room. */
function bubbles(pen: Pen, list: readonly Bubble[], frame: Frame, labels: Labels): void {
  for (const bubble of list) {
    const { x, y } = frame.at(bubble);
    if (!isInView({ x, y }, frame)) continue;
    pen.font = `600 12px ${FONT}`;
    const words = [
      bubble.sites,
      bubble.trouble > 0 && `!${bubble.trouble}`,
      bubble.unknown > 0 && `?${bubble.unknown}`,
    ]
      .filter(Boolean)
      .join(" ");
    const width = pen.measureText(words).width + 16;
    pill(pen, x, y, width, bubble, frame.colour);
    labels.reserve(x, y, width / 2, 12);
    pen.fillStyle = frame.colour.text ?? "";
    pen.fillText(words, x, y + 0.5);
    const font = `600 12px ${FONT}`;
    const ink = frame.colour.text2 ?? "";
    const places = [{ x, y: y - 20, align: "center" } as const];
    labels.add({ text: bubble.name, places, font, ink, rank: 5 });
  }
}

function pill(pen: Pen, x: number, y: number, width: number, bubble: Bubble, colour: Colours): void {
  const line = bubble.trouble > 0 ? "kritis-line" : bubble.unknown > 0 ? "dq" : "edge";
  pen.beginPath();
  pen.roundRect(x - width / 2, y - 12, width, 24, 12);
  pen.fillStyle = colour.card ?? "";
  pen.fill();
  pen.strokeStyle = colour[line] ?? "";
  pen.lineWidth = bubble.trouble > 0 ? 2 : 1;
  pen.setLineDash(line === "dq" ? [2, 2] : []);
  pen.stroke();
  pen.setLineDash([]);
}

function districts(list: readonly Bubble[], frame: Frame, labels: Labels): void {
  for (const { name, lat, lon } of list) {
    const { x, y } = frame.at({ lat, lon });
    const font = `600 15px ${FONT}`;
    const ink = frame.colour.text3 ?? "";
    const places = [-26, 30, -44].map((up) => ({ x, y: y + up, align: "center" as const }));
    labels.add({ text: name, places, font, ink, rank: 5 });
  }
}

function sites(pen: Pen, scene: Scene, frame: Frame, labels: Labels): void {
  const font = `400 12px ${FONT}`;
  for (const site of scene.sites) {
    const { x, y } = frame.at(site);
    if (!isInView({ x, y }, frame)) continue;
    drawSite(pen, x, y, site.type, site.status, frame.colour);
    labels.reserve(x, y, 7);
    const kind = frameOf(site.type);
    const prime = kind === "office" || kind === "store";
    if (frame.zoom < (prime ? SITES_FROM_ZOOM : NAMES_FROM_ZOOM)) continue;
    const ink = frame.colour.text2 ?? "";
    const rank = prime ? 3 : 4;
    labels.add({ text: site.name, places: beside(x, y), font, ink, rank });
  }
}

/** Beside the site that they are about, so that its own sign stays seen. From afar the grave only. */
function alerts(pen: Pen, scene: Scene, frame: Frame, labels: Labels): void {
  for (const { alert, x, y, count } of signs(scene, frame)) {
    drawAlert(pen, x, y, alert.severity, alert.duress, frame.colour);
    labels.reserve(x, y, 11);
    if (count < 2) continue;
    const text = `×${count}`;
    const ink = frame.colour.text ?? "";
    const font = `700 12px ${FONT}`;
    const places = [{ x: x + 13, y: y - 8, align: "left" } as const];
    labels.add({ text, places, font, ink, rank: 1, must: true });
  }
}

interface Sign {
  alert: AlertSpot;
  x: number;
  y: number;
  count: number;
}

/** Signs that would lie on each other are one: the gravest. An emergency is never counted away, and
 * stays where it is; others are below their district's count, where one is shown. */
export function signs(scene: Scene, frame: Frame): Sign[] {
  const far = frame.zoom < SITES_FROM_ZOOM;
  const apart = far ? FAR_SIGN_PX : SIGN_PX;
  const counts = new Map(far ? scene.bubbles.map((bubble) => [bubble.name, bubble]) : []);
  const found: Sign[] = [];
  for (const alert of [...scene.alerts].reverse()) {
    if (far && !alert.grave) continue;
    const count = alert.duress ? undefined : counts.get(alert.district ?? "");
    const { x, y } = count ? belowCount(count, frame) : alertAt(alert, frame);
    if (!isInView({ x, y }, frame)) continue;
    const over = found.find((sign) => Math.hypot(sign.x - x, sign.y - y) < apart);
    if (over && !alert.duress) over.count += alert.count;
    else found.push({ alert, x, y, count: alert.count });
  }
  return found.reverse();
}

function alertAt(spot: Spot, frame: Frame): { x: number; y: number } {
  const { x, y } = frame.at(spot);
  return { x: x + 4, y: y - 20 };
}

function belowCount(spot: Spot, frame: Frame): { x: number; y: number } {
  const { x, y } = frame.at(spot);
  return { x, y: y + BELOW_COUNT_PX };
}

function crews(pen: Pen, scene: Scene, frame: Frame, labels: Labels): void {
  for (const crew of scene.crews) {
    const { x, y } = frame.at(crew);
    if (!isInView({ x, y }, frame)) continue;
    const fresh = crew.ageMs <= FRESH_MS;
    drawCrew(pen, x, y, fresh, frame.colour);
    const text = fresh ? crew.name : `${crew.name} · ${age(crew.ageMs / 1000)}`;
    const ink = frame.colour[fresh ? "text" : "dq"] ?? "";
    labels.reserve(x, y, 7);
    const font = `600 12px ${FONT}`;
    labels.add({ text, places: around(x, y), font, ink, rank: 2, must: true });
  }
}
