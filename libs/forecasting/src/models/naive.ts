import { type ForecastModel, lastKnown } from '../forecast-model.ts';

/** Tomorrow is like this moment: the last known value, held. The yardstick of the first minutes. */
export const naive: ForecastModel = {
  name: 'naive',
  stepsMin: () => 1,
  fit: ({ values }) => ({
    forecast: (origin, horizonSteps) => new Float64Array(horizonSteps).fill(lastKnown(values, origin)),
  }),
};
