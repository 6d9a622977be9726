import Type, { type Static } from 'typebox';

/** Settings of the queueing service. */
export const QueueingConfig = Type.Object({
  demandQuantile: Type.Number({
    default: 0.9,
    minimum: 0.5,
    maximum: 0.999,
    description:
      'Requirements are sized for the forecast interval whose upper end is nearest to this quantile of demand',
    env: 'QUEUEING_DEMAND_QUANTILE',
  }),
  serviceSamplesMin: Type.Integer({
    default: 100,
    minimum: 10,
    maximum: 100_000,
    description: 'With fewer measured jobs, service times are taken for log-normal with the measured mean and scv',
    env: 'QUEUEING_SERVICE_SAMPLES_MIN',
  }),
  stepsMax: Type.Integer({
    default: 192,
    minimum: 1,
    maximum: 10_080,
    description: 'Steps of a forecast that are sized; later ones are left out',
    env: 'QUEUEING_STEPS_MAX',
  }),
});
export type QueueingConfig = Static<typeof QueueingConfig>;
