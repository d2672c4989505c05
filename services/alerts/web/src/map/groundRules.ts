/**
 * How vector tiles of the Protomaps schema (OpenStreetMap) are drawn: few colours, near to the
 * ground's own, so that nothing of it competes with the signs above.
 */

import {
  CenteredTextSymbolizer,
  exp,
  type Feature,
  GeomType,
  type LabelRule,
  LineLabelSymbolizer,
  LineSymbolizer,
  type PaintRule,
  PolygonSymbolizer,
} from "protomaps-leaflet";
import type { Colours } from "./symbols";

const GREEN = [
  "forest",
  "wood",
  "park",
  "nature_reserve",
  "national_park",
  "protected_area",
  "cemetery",
  "farmland",
  "orchard",
  "grassland",
  "grass",
  "scrub",
  "meadow",
  "wetland",
];
const BUILT = ["residential", "commercial", "industrial", "urban_area", "school", "hospital", "military"];
const SMALL_ROADS = ["minor_road", "other", "path"];
/** Names as Indonesian readers know them, else as they stand on the spot. */
const NAMES = ["name:id", "name"];
const FONT = "system-ui, sans-serif";
/** Zoom and width in pixels. */
const HIGHWAY = [[6, 0.8], [12, 2], [15, 5], [18, 14]];
const MAJOR = [[8, 0.4], [12, 1.4], [15, 3.5], [18, 11]];
const MINOR = [[12, 0.3], [14, 1], [18, 7]];
const RIVER = [[9, 0.5], [13, 1.5], [18, 8]];

type Filter = (zoom: number, feature: Feature) => boolean;

const kind = (...kinds: string[]): Filter => {
  return (_, feature) => kinds.includes(String(feature.props.kind));
};
const isArea: Filter = (_, feature) => feature.geomType === GeomType.Polygon;
const isLine: Filter = (_, feature) => feature.geomType === GeomType.Line;

export function paintRules(colour: Colours): PaintRule[] {
  const area = (dataLayer: string, name: string, filter: Filter): PaintRule => ({
    dataLayer,
    symbolizer: new PolygonSymbolizer({ fill: colour[name] ?? "" }),
    filter,
  });
  const line = (dataLayer: string, name: string, widths: number[][], filter: Filter): PaintRule => ({
    dataLayer,
    symbolizer: new LineSymbolizer({ color: colour[name] ?? "", width: exp(1.6, widths) }),
    filter,
  });
  const dashed = (dataLayer: string, dash: number[], filter: Filter): PaintRule => ({
    dataLayer,
    symbolizer: new LineSymbolizer({ color: colour["ground-line"] ?? "", width: 1, dash }),
    filter,
  });
  return [
    area("landcover", "ground-green", kind(...GREEN)),
    area("landuse", "ground-green", kind(...GREEN)),
    area("landuse", "ground-built", kind(...BUILT)),
    area("water", "ground-water", isArea),
    line("water", "ground-water", RIVER, isLine),
    { ...area("buildings", "ground-built", isArea), minzoom: 15 },
    { ...line("roads", "ground-road", MINOR, kind(...SMALL_ROADS)), minzoom: 12 },
    line("roads", "ground-road", MAJOR, kind("major_road")),
    line("roads", "ground-road", HIGHWAY, kind("highway")),
    { ...dashed("roads", [6, 3], kind("rail")), minzoom: 11 },
    dashed("boundaries", [4, 4], isLine),
  ];
}

/** `isNamed` says which places the board names itself. */
export function labelRules(colour: Colours, isNamed: (name: string) => boolean): LabelRule[] {
  const ink = { labelProps: NAMES, fill: colour["ground-word"] ?? "" };
  const halo = { stroke: colour.map ?? "", width: 2 };
  const along = (minzoom: number, filter: Filter): LabelRule => ({
    dataLayer: "roads",
    symbolizer: new LineLabelSymbolizer({ ...ink, ...halo, font: `400 12px ${FONT}` }),
    minzoom,
    filter,
  });
  const over = (dataLayer: string, font: string, filter: Filter): LabelRule => ({
    dataLayer,
    symbolizer: new CenteredTextSymbolizer({ ...ink, ...halo, font, lineHeight: 1.3 }),
    filter,
  });
  const town: Filter = (zoom, feature) =>
    kind("locality")(zoom, feature) && !NAMES.some((key) => isNamed(String(feature.props[key])));
  return [
    over("places", `400 14px ${FONT}`, town),
    { ...over("places", `400 12px ${FONT}`, kind("neighbourhood", "macrohood")), minzoom: 14 },
    over("water", `italic 400 12px ${FONT}`, (_, feature) => feature.geomType === GeomType.Point),
    along(13, kind("highway", "major_road")),
    along(16, kind("minor_road")),
  ];
}
