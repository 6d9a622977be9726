import { createSketch } from '@capplan/sketch';
import { expect } from 'chai';
import { fadeSketch } from './fade-sketch.ts';

describe('fadeSketch', () => {
  it('leaves mean, scv and quantiles as they are, and halves the weight', () => {
    const sketch = createSketch();
    for (let i = 1; i <= 1000; i++) sketch.add(i / 100);
    const faded = fadeSketch(sketch.toWire(), 0.5);
    expect(faded.count).to.be.closeTo(500, 1e-9);
    expect(faded.mean).to.be.closeTo(sketch.mean, 1e-9);
    expect(faded.scv).to.be.closeTo(sketch.scv, 1e-9);
    expect(faded.quantile(0.95)).to.equal(sketch.quantile(0.95));
  });

  it('forgets an outlier in the end, and stays a valid sketch for ever', () => {
    let sketch = createSketch();
    sketch.add(1e5);
    for (let i = 0; i < 20_000; i++) {
      sketch = fadeSketch(sketch.toWire(), 0.98);
      sketch.add(1 + (i % 10) / 10);
    }
    expect(sketch.count).to.be.closeTo(50, 1);
    expect(sketch.max).to.be.lessThan(2.1);
    expect(sketch.mean).to.be.closeTo(1.45, 0.02);
  });

  it('is empty for a form that contradicts itself', () => {
    const wire = { ...createSketch().toWire(), count: 5 };
    expect(fadeSketch(wire, 0.5).count).to.equal(0);
  });
});
