export { createSketch, QuantileSketch, type SketchBucket, type SketchOptions } from './quantile-sketch.ts';
export { type SketchFromWire, type SketchRefusal, sketchFromWire } from './sketch-from-wire.ts';
export type { SketchWire } from './sketch-wire.ts';
