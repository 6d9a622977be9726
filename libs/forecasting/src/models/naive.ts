import { type ForecastModel, type History, lastKnown } from '../forecast-model.ts';

/** Tomorrow is like this moment: the last known value, held. The yardstick of the first minutes. */
export const naive = {
  name: 'naive',
  stepsMin: () => 1,
  fit: ({ values }: History) => ({
    forecast: (origin: number, horizonSteps: number) => new Float64Array(horizonSteps).fill(lastKnown(values, origin)),
  }),
} satisfies ForecastModel;
