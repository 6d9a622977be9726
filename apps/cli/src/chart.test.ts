import { expect } from 'chai';
import { chartPage, drawChart } from './chart.ts';
import { formatNumber, numberTicks, timeTicks } from './chart-scale.ts';

const points = (ys: number[]) => ys.map((y, x) => ({ x, y }));
const chart = {
  title: 'load & <cost>',
  xAxis: { kind: 'number' as const },
  yAxis: {},
  layers: [
    { kind: 'band' as const, label: 'range', points: [0, 1, 2].map((x) => ({ x, low: 1, high: 3 + x })) },
    { kind: 'line' as const, label: 'line', points: points([1, Number.NaN, 2, 4]) },
    { kind: 'step' as const, label: 'workers', points: points([2, 3, 3]) },
  ],
};

describe('numberTicks', () => {
  it('covers the range with round numbers', () => {
    expect(numberTicks(0, 9.3).map(({ label }) => label)).to.deep.equal(['0', '2', '4', '6', '8', '10']);
    expect(numberTicks(0, 0.00031).map(({ label }) => label)).to.include('0.0001');
    const wide = numberTicks(-3, 1_300_000);
    expect(wide[0]?.value).to.be.at.most(-3);
    expect(wide.at(-1)?.value).to.be.at.least(1_300_000);
  });

  it('survives a range of nothing', () => {
    expect(numberTicks(0, 0).length).to.be.within(2, 8);
    expect(numberTicks(5, 5)[0]?.value).to.be.at.most(5);
  });
});

describe('formatNumber', () => {
  it('shortens large numbers', () => {
    expect([formatNumber(20_000, 5000), formatNumber(2_500_000, 500_000), formatNumber(9000, 1000)]).to.deep.equal([
      '20k',
      '2.5M',
      '9000',
    ]);
  });
});

describe('timeTicks', () => {
  it('falls on whole hours, midnights and Mondays', () => {
    const monday = Date.UTC(2026, 0, 5);
    expect(timeTicks(monday + 60_000, monday + 6 * 3_600_000).map(({ label }) => label)).to.include('01:00');
    expect(timeTicks(monday, monday + 3 * 86_400_000).map(({ label }) => label)).to.include('Tue 01-06');
    const weeks = timeTicks(monday - 86_400_000, monday + 50 * 86_400_000);
    expect(weeks.every(({ label }) => label.startsWith('Mon'))).to.equal(true);
  });
});

describe('drawChart', () => {
  it('draws every layer inside the frame, breaks lines at gaps and escapes words', () => {
    const svg = drawChart(chart);
    expect(svg).to.contain('load &amp; &lt;cost&gt;');
    expect(svg.match(/<polygon/g)).to.have.length(1);
    expect(svg.match(/<path d="M[^"]*M/g)).to.have.length(1);
    expect(svg).to.match(/<path d="M[^"]*H[\d.]+V/);
    expect(svg).to.not.contain('NaN');
    for (const [, x] of svg.matchAll(/[MLH]([\d.]+)/g)) expect(Number(x)).to.be.within(0, 1000);
  });

  it('draws axes even where there is nothing to draw', () => {
    const svg = drawChart({ ...chart, layers: [] });
    expect(svg).to.match(/^<svg/);
    expect(svg).to.not.contain('NaN');
  });

  it('needs nothing from outside', () => {
    const page = chartPage({ title: 'a < b', sections: [drawChart(chart)] });
    expect(page).to.contain('<title>a &lt; b</title>');
    expect(page).to.not.match(/<script|<link|src=|@import/);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).to.not.contain('http');
  });
});
