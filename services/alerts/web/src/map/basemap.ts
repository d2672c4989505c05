/** The deployment's base map below the board's own signs; loaded only where there is one. */

import L from "leaflet";
import { type Header, type PMTiles, TileType } from "pmtiles";
import { leafletLayer } from "protomaps-leaflet";
import { creditOf, openArchive } from "./archive";
import { labelRules, paintRules } from "./groundRules";
import type { Colours } from "./symbols";

/** Vector tiles of this schema are made of its data, also where they do not say so. */
const OSM = "© OpenStreetMap";

export interface Basemap {
  layer: L.GridLayer;
  /** Whose data it is; null where the archive does not say. */
  credit: string | null;
  /** Whether its last piece came; else the schema is drawn as if there were none. */
  stands(): boolean;
  /** In the colours that the board has now. */
  repaint(): void;
}

export interface Board {
  colour(): Colours;
  isNamed(place: string): boolean;
  /** The archive has gone, or has come again. */
  changed(): void;
  /** The map is no longer shown. */
  gone: AbortSignal;
}

/** Waits for an archive that does not come, for as long as the map is shown. */
export async function basemap(address: string, board: Board): Promise<Basemap> {
  let stands = true;
  const archive = openArchive(address, (answered) => {
    if (answered === stands) return;
    stands = answered;
    board.changed();
  }, board.gone);
  const header = await archive.getHeader();
  const said = creditOf(await archive.getMetadata().catch(() => null));
  const isDrawn = header.tileType === TileType.Mvt;
  const credit = said ?? (isDrawn ? OSM : null);
  const made = isDrawn ? drawn : pictured;
  return { ...made(archive, header, board), credit, stands: () => stands };
}

type Ground = Pick<Basemap, "layer" | "repaint">;

/** Vector tiles, in the colours of the theme. */
function drawn(archive: PMTiles, header: Header, board: Board): Ground {
  const painted = () => paintRules(board.colour());
  const labelled = () => labelRules(board.colour(), board.isNamed);
  const layer = leafletLayer({
    url: archive,
    maxDataZoom: header.maxZoom,
    paintRules: painted(),
    labelRules: labelled(),
    attribution: "",
    lang: "id",
  });
  return {
    layer: layer as unknown as L.GridLayer,
    repaint() {
      layer.paintRules = painted();
      layer.labelRules = labelled();
      layer.clearLayout();
      layer.rerenderTiles();
    },
  };
}

/** Pictures; a rule of style dims them, because their colours are their own. */
function pictured(archive: PMTiles, header: Header): Ground {
  const layer = new Pictures(archive, { maxNativeZoom: header.maxZoom, className: "map-pictures" });
  return { layer, repaint: () => undefined };
}

/** On canvases: the policy of the page lets no picture come from a `blob:` address. */
class Pictures extends L.GridLayer {
  private readonly wanted = new WeakMap<HTMLElement, AbortController>();

  constructor(
    private readonly archive: PMTiles,
    options: L.GridLayerOptions,
  ) {
    super(options);
    this.on("tileunload", (event: L.TileEvent) => this.wanted.get(event.tile)?.abort());
  }

  override createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const tile = document.createElement("canvas");
    const over = new AbortController();
    this.wanted.set(tile, over);
    this.paint(tile, coords, over.signal).then(
      () => done(undefined, tile),
      (error: Error) => done(error, tile),
    );
    return tile;
  }

  private async paint(tile: HTMLCanvasElement, at: L.Coords, over: AbortSignal): Promise<void> {
    const found = await this.archive.getZxy(at.z, at.x, at.y, over);
    if (!found) return;
    const picture = await createImageBitmap(new Blob([found.data]));
    tile.width = picture.width;
    tile.height = picture.height;
    tile.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
  }
}
