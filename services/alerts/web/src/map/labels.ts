/** Words on the map: the weightier one stays where two would lie on each other. */

import { drawWords } from "./symbols";

export interface Place {
  x: number;
  y: number;
  align: "center" | "left" | "right";
}

export interface Label {
  text: string;
  /** Where it may stand, the best place first. */
  places: Place[];
  font: string;
  ink: string;
  /** The least comes first. */
  rank: number;
  /** Drawn even where every place is taken: then where it hides least. */
  must?: boolean;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const HIGH = 14;
/** From a sign's middle to where the words beside it begin. */
const BESIDE = 14;

/** To the right of a sign, else to its left. */
export function beside(x: number, y: number): Place[] {
  return [
    { x: x + BESIDE, y: y + 1, align: "left" },
    { x: x - BESIDE, y: y + 1, align: "right" },
  ];
}

/** Below a sign, else beside or above it, else further off. */
export function around(x: number, y: number): Place[] {
  const [right, left] = beside(x, y) as [Place, Place];
  return [
    { x, y: y + 18, align: "center" },
    right,
    left,
    { x, y: y - 16, align: "center" },
    { x, y: y + 34, align: "center" },
    { x, y: y - 32, align: "center" },
  ];
}

export class Labels {
  private readonly wanted: Label[] = [];
  private readonly taken: Box[] = [];

  add(label: Label): void {
    this.wanted.push(label);
  }

  /** A place that a sign needs, half as wide and as high, so that no words hide it. */
  reserve(x: number, y: number, wide: number, high = wide): void {
    this.taken.push({ left: x - wide, top: y - high, right: x + wide, bottom: y + high });
  }

  draw(pen: CanvasRenderingContext2D, ground: string): void {
    this.wanted.sort((a, b) => a.rank - b.rank);
    pen.textAlign = "left";
    for (const { text, places, font, ink, must } of this.wanted) {
      pen.font = font;
      const width = pen.measureText(text).width;
      const boxes = places.map((place) => boxAt(place, width));
      const free = boxes.find((box) => !this.taken.some((other) => overlap(box, other) > 0));
      const box = free ?? (must ? this.leastHiding(boxes) : undefined);
      if (!box) continue;
      this.taken.push(box);
      drawWords(pen, text, box.left, (box.top + box.bottom) / 2, ink, ground);
    }
    pen.textAlign = "center";
  }

  private leastHiding(boxes: readonly Box[]): Box | undefined {
    const hidden = (box: Box) => this.taken.reduce((sum, other) => sum + overlap(box, other), 0);
    const areas = boxes.map(hidden);
    return boxes[areas.indexOf(Math.min(...areas))];
  }
}

function boxAt({ x, y, align }: Place, width: number): Box {
  const left = align === "left" ? x : align === "right" ? x - width : x - width / 2;
  return { left, top: y - HIGH / 2, right: left + width, bottom: y + HIGH / 2 };
}

/** The area that two boxes share. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}
