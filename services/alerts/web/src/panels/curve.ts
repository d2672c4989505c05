/** Alerts in each ten minutes as a stepped line, by uPlot; loaded when the panel is opened. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { shortTime } from "../format";
import type { Performance } from "./contract";

const HEIGHT = 128;
const FLOOD = 10;

/** Draws into the box until the returned function is called. */
export function curve(box: HTMLElement, spans: Performance["per_10min"]): () => void {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const seconds = spans.map((span) => Date.parse(span.at) / 1000);
  const counts = spans.map((span) => span.count);
  const axis = {
    stroke: colour("text2"),
    grid: { stroke: colour("hairline"), width: 1 },
    ticks: { stroke: colour("hairline"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  const times = (_: uPlot, values: number[]) =>
    values.map((value) => shortTime(new Date(value * 1000).toISOString()));
  const plot = new uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, most) => [0, Math.max(FLOOD + 2, most)] } },
      axes: [
        { ...axis, values: times, size: 28 },
        { ...axis, size: 34 },
      ],
      series: [
        {},
        {
          stroke: colour("text"),
          width: 1.5,
          points: { show: false },
          ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        },
      ],
    },
    [seconds, counts],
    box,
  );
  return () => plot.destroy();
}
