import { numberTicks, type Tick, timeTicks } from './chart-scale.ts';

export interface ChartPoint {
  x: number;
  y: number;
}

/** What can be drawn; NaN breaks a line or band. Colours default to a palette that colour-blind people can tell apart. */
export type ChartLayer =
  | { kind: 'line'; label: string; points: readonly ChartPoint[]; color?: string; width?: number; dashed?: boolean }
  | { kind: 'step'; label: string; points: readonly ChartPoint[]; color?: string; width?: number; dashed?: boolean }
  | {
      kind: 'band';
      label: string;
      points: readonly { x: number; low: number; high: number }[];
      color?: string;
      opacity?: number;
    };

export interface Chart {
  title: string;
  subtitle?: string;
  /** 'time': x is milliseconds since epoch. */
  xAxis: { label?: string; kind: 'time' | 'number'; min?: number; max?: number };
  yAxis: { label?: string; min?: number; max?: number };
  /** Drawn in this order, so bands come first. */
  layers: readonly ChartLayer[];
  /** Vertical lines with a word, such as the moment a forecast was made. */
  marks?: readonly { x: number; label: string }[];
  width?: number;
  height?: number;
}

const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#555555'];
const margin = { top: 78, right: 46, bottom: 50, left: 68 };

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  xOf(value: number): number;
  yOf(value: number): number;
}

/**
 * Draws a chart as one SVG element: axes with round ticks, grid, legend, bands, lines and steps. Needs nothing from
 * outside: no script, style sheet or web font.
 */
export function drawChart(chart: Chart): string {
  const { width = 1000, height = 420, layers } = chart;
  const xs = extent(layers.flatMap((layer) => layer.points.map((point) => point.x)));
  const ys = extent(
    layers.flatMap((layer) =>
      layer.kind === 'band' ? layer.points.flatMap(({ low, high }) => [low, high]) : layer.points.map(({ y }) => y),
    ),
  );
  const [xMin, xMax] = [chart.xAxis.min ?? xs.min, chart.xAxis.max ?? xs.max];
  const yTicks = numberTicks(chart.yAxis.min ?? Math.min(0, ys.min), chart.yAxis.max ?? ys.max);
  const xTicks =
    chart.xAxis.kind === 'time'
      ? timeTicks(xMin, xMax, { count: Math.max(2, Math.floor(width / 120)) })
      : numberTicks(xMin, xMax, 8).filter(({ value }) => value >= xMin && value <= xMax);
  const yMin = yTicks[0]?.value ?? 0;
  const yMax = yTicks.at(-1)?.value ?? 1;
  const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
  const frame: Frame = {
    left,
    right,
    top,
    bottom,
    xOf: (value) => left + ((value - xMin) / (xMax - xMin || 1)) * (right - left),
    yOf: (value) => bottom - ((Math.min(yMax, Math.max(yMin, value)) - yMin) / (yMax - yMin || 1)) * (bottom - top),
  };
  const colors = layers.map((layer, i) => layer.color ?? (palette[i % palette.length] as string));
  const spoken = `${chart.title}. ${layers.map(({ label }) => label).join(', ')}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(spoken)}" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${left}" y="28" font-size="17" font-weight="600" fill="#1b1f24">${escaped(chart.title)}</text>`,
    chart.subtitle ? `<text x="${left}" y="47" fill="#656d76">${escaped(chart.subtitle)}</text>` : '',
    axes(chart, frame, xTicks, yTicks),
    ...layers.map((layer, i) => drawLayer(layer, frame, colors[i] as string)),
    ...(chart.marks ?? []).map((mark) => drawMark(mark, frame)),
    legend(layers, colors, frame),
    '</svg>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function axes(
  chart: Chart,
  { left, right, top, bottom, xOf, yOf }: Frame,
  xTicks: readonly Tick[],
  yTicks: readonly Tick[],
): string {
  const parts: string[] = [];
  for (const { value, label } of yTicks) {
    const y = round(yOf(value));
    parts.push(`<line x1="${left}" x2="${right}" y1="${y}" y2="${y}" stroke="#e6e8eb"/>`);
    parts.push(`<text x="${left - 8}" y="${y + 4}" text-anchor="end" fill="#57606a">${label}</text>`);
  }
  for (const { value, label } of xTicks) {
    const x = round(xOf(value));
    parts.push(`<line x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 5}" stroke="#8c959f"/>`);
    parts.push(`<text x="${x}" y="${bottom + 19}" text-anchor="middle" fill="#57606a">${escaped(label)}</text>`);
  }
  parts.push(`<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="#8c959f"/>`);
  if (chart.xAxis.label) {
    parts.push(
      `<text x="${(left + right) / 2}" y="${bottom + 39}" text-anchor="middle" fill="#57606a">${escaped(chart.xAxis.label)}</text>`,
    );
  }
  if (chart.yAxis.label) {
    const middle = (top + bottom) / 2;
    parts.push(
      `<text transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle" fill="#57606a">${escaped(chart.yAxis.label)}</text>`,
    );
  }
  return parts.join('\n');
}

function drawLayer(layer: ChartLayer, { xOf, yOf }: Frame, color: string): string {
  if (layer.kind === 'band') {
    const runs = knownRuns(layer.points, ({ low, high }) => Number.isFinite(low) && Number.isFinite(high));
    return runs
      .map((run) => {
        const upper = run.map(({ x, high }) => `${round(xOf(x))},${round(yOf(high))}`);
        const lower = run.map(({ x, low }) => `${round(xOf(x))},${round(yOf(low))}`).reverse();
        return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${color}" fill-opacity="${layer.opacity ?? 0.18}"/>`;
      })
      .join('\n');
  }
  const dash = layer.dashed ? ' stroke-dasharray="5 4"' : '';
  const path = knownRuns(layer.points, ({ y }) => Number.isFinite(y))
    .map((run) =>
      run
        .map(({ x, y }, i) => {
          const [px, py] = [round(xOf(x)), round(yOf(y))];
          if (i === 0) return `M${px} ${py}`;
          return layer.kind === 'step' ? `H${px}V${py}` : `L${px} ${py}`;
        })
        .join(''),
    )
    .join('');
  return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${layer.width ?? 1.6}" stroke-linejoin="round"${dash}/>`;
}

function drawMark({ x, label }: { x: number; label: string }, { xOf, top, bottom }: Frame): string {
  const at = round(xOf(x));
  return [
    `<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="#57606a" stroke-dasharray="2 3"/>`,
    `<text x="${at + 5}" y="${top + 11}" fill="#57606a" font-size="11">${escaped(label)}</text>`,
  ].join('\n');
}

function legend(layers: readonly ChartLayer[], colors: readonly string[], { left }: Frame): string {
  let x = left;
  return layers
    .map((layer, i) => {
      const sample =
        layer.kind === 'band'
          ? `<rect x="${x}" y="57" width="18" height="10" fill="${colors[i]}" fill-opacity="${layer.opacity ?? 0.18}"/>`
          : `<line x1="${x}" x2="${x + 18}" y1="62" y2="62" stroke="${colors[i]}" stroke-width="2.4"${layer.dashed ? ' stroke-dasharray="5 4"' : ''}/>`;
      const text = `<text x="${x + 24}" y="66" fill="#1b1f24">${escaped(layer.label)}</text>`;
      x += 46 + 6.6 * layer.label.length;
      return `${sample}${text}`;
    })
    .join('\n');
}

/** A web page that holds charts and text and opens from disk. `sections` are HTML; escape what is not. */
export function chartPage({ title, sections }: { title: string; sections: readonly string[] }): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
body { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; color: #1b1f24; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; line-height: 1.45; }
svg { max-width: 100%; height: auto; border: 1px solid #e6e8eb; border-radius: 8px; margin: 0.5rem 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-bottom: 1rem; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid #e6e8eb; text-align: right; }
th:first-child, td:first-child { text-align: left; }
</style>
${sections.join('\n')}
</html>
`;
}

/** Text made safe for HTML and SVG. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function knownRuns<T>(points: readonly T[], isKnown: (point: T) => boolean): T[][] {
  const runs: T[][] = [];
  let run: T[] = [];
  for (const point of points) {
    if (isKnown(point)) run.push(point);
    else if (run.length > 0) {
      runs.push(run);
      run = [];
    }
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

function extent(values: readonly number[]): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : { min: 0, max: 1 };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
