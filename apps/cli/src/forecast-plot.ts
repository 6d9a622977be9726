import type { DemandForecast } from '@capplan/forecasting';
import type { ArrivalTrace } from '@capplan/traces';
import { type ChartLayer, chartPage, drawChart, escaped } from './chart.ts';

/** History before the forecast that is drawn, in horizons. */
const historyHorizons = 2;

/** Draws the newest history, the forecast with its intervals and, where the trace goes on, what really came. */
export function forecastPlot({
  trace,
  forecast,
  page,
}: {
  trace: ArrivalTrace;
  forecast: DemandForecast;
  page: boolean;
}): string {
  const stepMs = forecast.intervalSec * 1000;
  const horizonMs = forecast.meanPerSec.length * stepMs;
  const fromMs = forecast.startMs - historyHorizons * horizonMs;
  const toMs = forecast.startMs + horizonMs;
  const measured = Array.from(trace.ratesPerSec, (y, i) => ({ x: trace.startMs + i * stepMs, y })).filter(
    ({ x }) => x >= fromMs && x < toMs,
  );
  const xOf = (i: number): number => forecast.startMs + i * stepMs;
  const bands = [...forecast.intervals]
    .sort((a, b) => b.level - a.level)
    .map(
      ({ level, lowerPerSec, upperPerSec }, rank): ChartLayer => ({
        kind: 'band',
        label: `${level * 100} % interval`,
        color: '#d55e00',
        opacity: 0.15 + 0.17 * rank,
        points: Array.from(lowerPerSec, (low, i) => ({ x: xOf(i), low, high: upperPerSec[i] as number })),
      }),
    );
  const svg = drawChart({
    title: `${trace.name}: arrival rate and forecast`,
    subtitle: `model ${forecast.model}, ${accuracyText(forecast)}`,
    xAxis: { kind: 'time', label: 'time (UTC)', min: measured[0]?.x ?? fromMs, max: toMs },
    yAxis: { label: 'arrivals per second' },
    marks: [{ x: forecast.startMs, label: 'forecast from here' }],
    layers: [
      ...bands,
      { kind: 'line', label: 'measured', color: '#57606a', width: 1.2, points: measured },
      {
        kind: 'line',
        label: 'forecast',
        color: '#d55e00',
        width: 2,
        points: Array.from(forecast.meanPerSec, (y, i) => ({ x: xOf(i), y })),
      },
    ],
  });
  if (!page) return `${svg}\n`;
  return chartPage({
    title: `${trace.name}: forecast`,
    sections: [svg, `<p>${escaped(accuracyText(forecast))}; intervals of ${forecast.intervalSec} s.</p>`],
  });
}

function accuracyText({ accuracy }: DemandForecast): string {
  const { wape, mase, coverage } = accuracy;
  if (wape === null) return 'past errors not known yet';
  const copy = mase === null ? '' : `, ${mase.toFixed(2)} of a seasonal copy's`;
  const held = coverage === null ? '' : `; 95 % intervals held ${(100 * coverage).toFixed(1)} %`;
  return `past errors ${(100 * wape).toFixed(1)} % of demand${copy}${held}`;
}
