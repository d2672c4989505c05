/** The map itself, by Leaflet; this file and Leaflet are loaded when the map is first looked at. */

import L from "leaflet";
import "leaflet/dist/leaflet.css";
import { rem } from "../windowing";
import { type Frame, isInView, paint, signs, SITES_FROM_ZOOM } from "./paint";
import type { Basemap } from "./basemap";
import type { AlertSpot, Scene, Spot } from "./scene";
import { type Colours, colours } from "./symbols";

export type Side = "n" | "e" | "s" | "w";
export type Away = Readonly<Record<Side, readonly AlertSpot[]>>;

export interface Listener {
  pickedSite(id: string): void;
  pickedAlert(id: string): void;
  /** After each drawing: untaken grave alerts out of view, the length of the scale, whether a base
   * map lies below. */
  drawn(away: Away, scale: { px: number; text: string }, based: boolean): void;
}

export interface Chart {
  show(scene: Scene): void;
  repaint(): void;
  ground(lines: GeoJSON.GeoJsonObject): void;
  /** The deployment's base map, below everything else; tells whose data it is, if it says so. */
  base(address: string): Promise<string | null>;
  lookAt(spots: readonly Spot[]): void;
  /** Brings a spot into view as near or far as the user looks; waits while the map is hidden. */
  bring(spot: Spot): void;
  end(): void;
}

const REACH_PX = 18;
const BASE_PX = 16;
const SCALES_M = [5_000, 2_000, 1_000, 500, 200];
const WIDEST_SCALE_PX = 220;

/** `tiled`: a base map will come, whose tiles of a half step would have words too small to read. */
export function chart(box: HTMLElement, listener: Listener, tiled: boolean): Chart {
  // No motion at all: a zoom or a pan is there at once, and the canvas is drawn once for it.
  const map = L.map(box, {
    attributionControl: false,
    zoomAnimation: false,
    fadeAnimation: false,
    inertia: false,
    minZoom: 7,
    maxZoom: 18,
    zoomSnap: tiled ? 1 : 0.5,
  });
  map.setView([-2.5, 118], 7);
  const canvas = L.DomUtil.create("canvas", "map-canvas", map.getPane("overlayPane"));
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  let scene: Scene = { sites: [], alerts: [], crews: [], bubbles: [] };
  let colour: Colours = colours();
  let due = 0;
  let fitted = false;
  let lines: L.GeoJSON | null = null;
  let base: Basemap | null = null;
  const gone = new AbortController();

  const draw = () => {
    due = 0;
    if (!fitted) return; // nothing to draw yet, and no scale that would change at once
    const size = map.getSize();
    const sharp = Math.min(2, devicePixelRatio || 1);
    if (canvas.width !== size.x * sharp || canvas.height !== size.y * sharp) {
      canvas.width = size.x * sharp;
      canvas.height = size.y * sharp;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const frame = frameOf(map, size, colour);
    pen.setTransform(sharp * frame.grown, 0, 0, sharp * frame.grown, 0, 0);
    paint(pen, scene, frame, lines === null && !base?.stands());
    box.dataset.sites = String(scene.sites.length);
    box.dataset.bubbles = String(frame.zoom < SITES_FROM_ZOOM ? scene.bubbles.length : 0);
    box.dataset.zoom = String(frame.zoom);
    box.dataset.base = String(base?.stands() ?? false);
    listener.drawn(awayFrom(scene, frame), scaleOf(map, size), base?.stands() ?? false);
  };
  const later = () => (due ||= requestAnimationFrame(draw));
  map.on("move zoom resize viewreset", later);
  map.on("click", (event) => {
    pick(event.containerPoint, scene, frameOf(map, map.getSize(), colour), map, listener);
  });
  let dragged = false;
  map.on("dragstart dragend", ({ type }) => (dragged = type === "dragstart"));
  let awaited: Spot | null = null;
  const bring = (spot: Spot) => {
    awaited = box.clientWidth === 0 ? spot : null;
    const seen = map.getBounds().pad(-0.1).contains([spot.lat, spot.lon]);
    if (awaited || seen || dragged) return;
    map.panTo([spot.lat, spot.lon], { animate: false });
  };
  const observer = new ResizeObserver(() => {
    map.invalidateSize({ pan: false });
    if (awaited) bring(awaited);
  });
  observer.observe(box);

  const lookAt = (spots: readonly Spot[]) => {
    if (spots.length === 0) return;
    const bounds = L.latLngBounds(spots.map((spot) => [spot.lat, spot.lon]));
    map.fitBounds(bounds, { padding: [40, 40], maxZoom: 14, animate: false });
  };

  return {
    show(next) {
      scene = next;
      // Once, at the start; afterwards the map moves by itself only for who wants to follow.
      if (!fitted && next.sites.length > 0) {
        fitted = true;
        lookAt(next.sites);
      }
      later();
    },
    repaint() {
      colour = colours();
      lines?.setStyle(lineStyle(colour));
      base?.repaint();
      later();
    },
    ground(found) {
      lines?.remove();
      lines = L.geoJSON(found, { interactive: false, style: lineStyle(colour) }).addTo(map);
      later();
    },
    async base(address) {
      const code = await import("./basemap");
      const found = await code.basemap(address, {
        colour: () => colour,
        isNamed: (place) => scene.bubbles.some(({ name }) => name === place),
        changed: later,
        gone: gone.signal,
      });
      if (gone.signal.aborted) return null;
      base?.layer.remove();
      base = found;
      base.layer.addTo(map);
      later();
      return found.credit;
    },
    lookAt,
    bring,
    end() {
      gone.abort();
      observer.disconnect();
      cancelAnimationFrame(due);
      map.remove();
    },
  };
}

function frameOf(map: L.Map, size: L.Point, colour: Colours): Frame {
  const bounds = map.getBounds();
  const grown = rem(1) / BASE_PX;
  return {
    grown,
    width: size.x / grown,
    height: size.y / grown,
    zoom: map.getZoom(),
    south: bounds.getSouth(),
    west: bounds.getWest(),
    north: bounds.getNorth(),
    east: bounds.getEast(),
    at: ({ lat, lon }) => map.latLngToContainerPoint([lat, lon]).divideBy(grown),
    colour,
  };
}

function lineStyle(colour: Colours): L.PathOptions {
  return { color: colour.edge ?? "", weight: 1, fill: false };
}

function pick(at: L.Point, scene: Scene, frame: Frame, map: L.Map, listener: Listener): void {
  const near = <T,>(list: readonly T[], place: (spot: T) => { x: number; y: number }) => {
    const { x, y } = at.divideBy(frame.grown);
    const far = (spot: T) => Math.hypot(place(spot).x - x, place(spot).y - y);
    const best = list.reduce<T | null>((a, b) => (a === null || far(b) <= far(a) ? b : a), null);
    return best !== null && far(best) <= REACH_PX ? best : null;
  };
  const sign = near(signs(scene, frame), (each) => each);
  if (sign) return listener.pickedAlert(sign.alert.id);
  if (frame.zoom < SITES_FROM_ZOOM) {
    const bubble = near(scene.bubbles, frame.at);
    if (bubble) map.setView([bubble.lat, bubble.lon], SITES_FROM_ZOOM + 1, { animate: false });
    return;
  }
  const site = near(scene.sites, frame.at);
  if (site) listener.pickedSite(site.id);
}

/** Grave alerts that nobody has taken and that the view does not show, by the side to look at. */
function awayFrom(scene: Scene, frame: Frame): Away {
  const away: Record<Side, AlertSpot[]> = { n: [], e: [], s: [], w: [] };
  for (const alert of scene.alerts) {
    const { x, y } = frame.at(alert);
    if (!alert.grave || isInView({ x, y }, frame)) continue;
    if (x < 0 || x > frame.width) away[x < 0 ? "w" : "e"].push(alert);
    else away[y < 0 ? "n" : "s"].push(alert);
  }
  return away;
}

function scaleOf(map: L.Map, size: L.Point): { px: number; text: string } {
  const middle = size.divideBy(2);
  const one = map.containerPointToLatLng(middle);
  const other = map.containerPointToLatLng(middle.add([100, 0]));
  const perPx = map.distance(one, other) / 100;
  const metres = SCALES_M.find((each) => each / perPx <= WIDEST_SCALE_PX) ?? 100;
  return {
    px: metres / perPx,
    text: metres >= 1_000 ? `${metres / 1_000} km` : `${metres} m`,
  };
}
