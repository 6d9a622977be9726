export { createSketch, QuantileSketch, type SketchBucket, type SketchOptions } from './quantile-sketch.ts';
export { type SketchFromWire, type SketchRefusal, type SketchWire, sketchFromWire } from './sketch-wire.ts';
