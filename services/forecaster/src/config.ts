import Type, { type Static } from 'typebox';

/** Settings of the forecaster. */
export const ForecasterConfig = Type.Object({
  stepSec: Type.Integer({
    default: 900,
    minimum: 300,
    maximum: 3600,
    description: 'Step of the long forecast, seconds; a whole part of a day',
    env: 'FORECASTER_STEP_S',
  }),
  leadStepSec: Type.Number({
    default: 60,
    minimum: 1,
    maximum: 3600,
    description: 'Step on which demand over the lead time is learned, seconds',
    env: 'FORECASTER_LEAD_STEP_S',
  }),
  pathStepSec: Type.Number({
    default: 30,
    minimum: 1,
    maximum: 3600,
    description: 'Step of the sampled demand paths, seconds',
    env: 'FORECASTER_PATH_STEP_S',
  }),
  paths: Type.Integer({
    default: 64,
    minimum: 8,
    maximum: 512,
    description: 'Demand paths sampled for each decision',
    env: 'FORECASTER_PATHS',
  }),
  importSettledSec: Type.Number({
    default: 2,
    minimum: 0.1,
    maximum: 3600,
    description: 'An import into history is taken to be over when nothing more has come for so long, seconds',
    env: 'FORECASTER_IMPORT_SETTLED_S',
  }),
  saveEverySec: Type.Number({
    default: 120,
    minimum: 1,
    maximum: 86_400,
    description: 'How often a pool’s model is put into the cache, seconds; what is newer comes back from history',
    env: 'FORECASTER_SAVE_EVERY_S',
  }),
});
export type ForecasterConfig = Static<typeof ForecasterConfig>;
