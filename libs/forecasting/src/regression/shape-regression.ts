import type { FittedModel, ForecastModel, History } from '../forecast-model.ts';
import { rateOrNothing } from '../rate-or-nothing.ts';
import type { SeasonCalendar } from '../season-calendar.ts';
import { createShapeBuilder, rootScale } from './demand-shape.ts';
import {
  createFeatureReader,
  type FeatureReader,
  featureCount,
  interceptAt,
  isWeekly,
  priorCoefficients,
} from './features.ts';
import { type RegressionRows, robustRidge } from './least-squares.ts';

/** Coefficients for a ladder of leads; between two rungs they are mixed on a logarithmic scale. */
export interface LeadCoefficients {
  /** Scale of the roots that they were fitted to; only the intercept depends on it. */
  scale: number;
  leads: number[];
  coefficients: Float64Array[];
}

const historyWeeksMax = 26;
const rowsMax = 1000;
const rounds = 3;
/** Older rows count half for every so many weeks. */
const forgettingHalfLifeWeeks = 8;
const ridge = 0.3;
/** Weeks of rows that the prior of weekly features counts as much as. */
const weeklyRidge = 0.5;

/**
 * One regression per lead, straight from what is known at the origin to the demand at the lead.
 *
 * Level and weekly shape give a first answer; a robust ridge regression on recent deviations, last week, the usual day,
 * the same time of the newest days and the drift corrects it. Its coefficients are learned from the series' own past
 * at every lead separately, so that how long a deviation lasts, or whether a season exists at all, is measured and not
 * assumed. Newer rows count more.
 */
export const shapeRegression = {
  name: 'shape_regression',
  stepsMin: ({ stepsPerDay }: SeasonCalendar): number => stepsPerDay,
  fit: (history: History, steps: number): LadderModel => {
    const { reader, models } = prepare(history);
    const model = models.get(steps) ?? ladderModel(reader, fitLeads(reader, history.calendar, steps));
    models.set(steps, model);
    return model;
  },
} satisfies ForecastModel;

/** A model that reads its coefficients from a ladder; origins are steps of the calendar. */
export interface LadderModel extends FittedModel {
  ladder: LeadCoefficients;
  /** The rate at one lead alone. */
  forecastAt(origin: number, lead: number): number;
}

export function ladderModel(reader: FeatureReader, ladder: LeadCoefficients): LadderModel {
  const { scale } = reader.shape;
  const path = (origin: number, leadFrom: number, leadTo: number): Float64Array => {
    const roots = rootForecast(reader, ladder, { origin: origin - reader.from, leadFrom, leadTo });
    for (let i = 0; i < roots.length; i++)
      roots[i] = (roots[i] as number) > 0 ? rateOrNothing(((roots[i] as number) / scale) ** 2) : 0;
    return roots;
  };
  return {
    ladder,
    forecast: (origin, horizonSteps) => path(origin, 1, horizonSteps),
    forecastAt: (origin, lead) => path(origin, lead, lead)[0] as number,
  };
}

const priors = new Map<number, LeadCoefficients>();

/** The coefficients to start with, before anything could be fitted. */
export function priorLadder(intervalSec: number): LeadCoefficients {
  let ladder = priors.get(intervalSec);
  if (!ladder) {
    const leads = leadLadder(Math.max(1, Math.round(86_400 / intervalSec)));
    ladder = { scale: 1, leads, coefficients: leads.map((lead) => priorCoefficients((lead * intervalSec) / 3600)) };
    priors.set(intervalSec, ladder);
  }
  return ladder;
}

/*
 * Reading a history is much of the work of fitting it, and a history is fitted several times: to be compared, to be
 * judged and to be used. What was read and fitted is kept as long as the history itself.
 */
const prepared = new WeakMap<History, { reader: FeatureReader; models: Map<number, LadderModel> }>();

function prepare(history: History): { reader: FeatureReader; models: Map<number, LadderModel> } {
  const known = prepared.get(history);
  if (known) return known;
  const to = history.values.length;
  const from = historyStart(history, to);
  const builder = createShapeBuilder(history.calendar, {
    from,
    capacity: to - from,
    scale: rootScale(history.values, from, to),
  });
  for (let i = from; i < to; i++) builder.push(history.values[i] as number);
  builder.lookAhead(history.calendar.stepsPerWeek);
  const fresh = { reader: createFeatureReader(builder.shape, history.calendar, from), models: new Map() };
  prepared.set(history, fresh);
  return fresh;
}

/** First step that is still looked at; the window is widened over gaps, so that it never holds gaps alone. */
function historyStart({ values, calendar }: History, to: number): number {
  const wanted = historyWeeksMax * calendar.stepsPerWeek;
  if (to <= wanted) return 0;
  let known = 0;
  for (let i = to - 1; i >= 0; i--) {
    if (!Number.isNaN(values[i] as number)) known++;
    if (known >= wanted / 2 && to - i >= wanted) return i;
  }
  return 0;
}

/** Leads at which a regression is fitted: dense where forecasts change fast, at whole days beyond. */
export function leadLadder(stepsPerDay: number): number[] {
  const leads = new Set([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 72].filter((lead) => lead < stepsPerDay));
  for (let days = 1; days <= 7; days++) leads.add(days * stepsPerDay);
  return [...leads].sort((a, b) => a - b);
}

export function fitLeads(reader: FeatureReader, calendar: SeasonCalendar, to: number): LeadCoefficients {
  const { stepsPerDay, stepsPerWeek, intervalSec } = calendar;
  const steps = to - reader.from;
  const first = Math.max(1, Math.min(Math.max(stepsPerDay, Math.min(stepsPerWeek + stepsPerDay, steps >> 1)), steps));
  const leads = leadLadder(stepsPerDay);
  const coefficients = leads.map((lead) => {
    const prior = priorCoefficients((lead * intervalSec) / 3600);
    const available = steps - lead - first + 1;
    if (available < 3 * featureCount) return prior;
    const stride = Math.max(1, Math.floor(available / rowsMax));
    const rows = collectRows(reader, {
      lead,
      stride,
      first,
      last: steps - lead,
      halfLife: forgettingHalfLifeWeeks * stepsPerWeek,
    });
    // Errors at a lead overlap for about the lead, so the prior counts as much as one such stretch of rows.
    const pull = ridge * Math.max(4, Math.min(lead, stepsPerDay) / 2 / stride);
    // What happens once a week is seen once a week, however many rows a week holds.
    const weeklyPull = pull + (weeklyRidge * stepsPerWeek) / stride;
    const penalties = Float64Array.from({ length: featureCount }, (_, i) => (isWeekly(i) ? weeklyPull : pull));
    return robustRidge(rows, { prior, penalties, rounds });
  });
  return { scale: reader.shape.scale, leads, coefficients };
}

function collectRows(
  { shape, base, read }: FeatureReader,
  {
    lead,
    stride,
    first,
    last,
    halfLife,
  }: { lead: number; stride: number; first: number; last: number; halfLife: number },
): RegressionRows {
  const capacity = Math.floor((last - first) / stride) + 1;
  const features = new Float64Array(capacity * featureCount);
  const targets = new Float64Array(capacity);
  const weights = new Float64Array(capacity);
  let count = 0;
  for (let origin = last; origin >= first; origin -= stride) {
    const root = shape.root[origin - 1 + lead] as number;
    if (Number.isNaN(root)) continue;
    read(origin, lead, features, count * featureCount);
    targets[count] = root - base(origin, lead);
    weights[count] = 0.5 ** ((last - origin) / halfLife);
    count++;
  }
  return { count, width: featureCount, features, targets, weights };
}

/** No forecast is above this many times the highest demand seen. */
const rateFactorMax = 2;

/** Forecast in the scaled root domain; may be negative, which means no demand. */
function rootForecast(
  reader: FeatureReader,
  { scale, leads, coefficients }: LeadCoefficients,
  { origin, leadFrom, leadTo }: { origin: number; leadFrom: number; leadTo: number },
): Float64Array {
  const out = new Float64Array(leadTo - leadFrom + 1);
  const features = new Float64Array(featureCount);
  const ceiling = Math.sqrt(rateFactorMax) * (reader.shape.highest[origin - 1] ?? Infinity);
  let rung = 0;
  for (let lead = leadFrom; lead <= leadTo; lead++) {
    while (rung < leads.length - 2 && (leads[rung + 1] as number) <= lead) rung++;
    const low = leads[rung] as number;
    const high = leads[rung + 1] ?? low;
    const share = high > low ? Math.min(1, Math.max(0, Math.log(lead / low) / Math.log(high / low))) : 0;
    const below = coefficients[rung] as Float64Array;
    const above = coefficients[rung + 1] ?? below;
    reader.read(origin, lead, features, 0);
    features[interceptAt] = reader.shape.scale / scale;
    let root = reader.base(origin, lead);
    for (let i = 0; i < featureCount; i++) {
      root += (features[i] as number) * ((below[i] as number) * (1 - share) + (above[i] as number) * share);
    }
    out[lead - leadFrom] = Math.min(root, ceiling);
  }
  return out;
}
