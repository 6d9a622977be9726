import { createRandomStream } from '@capplan/random';
import { createCountArrivals, type IntervalObservation, PoolSimulation, type ServiceSource } from '@capplan/simulation';
import type { Controller } from './controllers/controller.ts';
import type { Demand } from './demand.ts';
import { poolViewOf } from './pool-view.ts';

/** The pool that a controller is tried on. */
export interface PoolSetting {
  /** Slots of one worker. */
  concurrency: number;
  /** Order to first job of a new worker, seconds. */
  startupDelaySec: number;
  latencyOf: 'wait' | 'response';
  targetSec: number;
}

/** One minute of a run. */
export interface RunMinute {
  arrivals: number;
  completions: number;
  /** Of the jobs that arrived in this minute, those that met the target, whenever they finished. */
  arrivedWithinTarget: number;
  /** The highest 95 % quantile of response among the looks of the minute, seconds; NaN when nothing finished. */
  responseSecP95: number;
  /** Jobs waiting at the minute's end. */
  waiting: number;
  workersPaid: number;
  workersReady: number;
}

/** One order that changed the number of workers. */
export interface WorkerChange {
  atSec: number;
  from: number;
  to: number;
}

/** What one controller made of one demand. */
export interface ControllerRun {
  name: string;
  initialWorkers: number;
  minutes: RunMinute[];
  changes: WorkerChange[];
  workerSec: number;
  /** Jobs that arrived; those that never finished count as missed. */
  jobs: number;
  withinTarget: number;
  waitingMax: number;
}

const windowSec = 60;

/**
 * Runs one controller over one demand, every job simulated. Jobs, their service times and their arrival moments are the
 * same for every controller with the same seed.
 *
 * @param services a fresh source of service times for each run
 */
export function runController(options: {
  controller: Controller;
  demand: Demand;
  pool: PoolSetting;
  services: ServiceSource;
  seed: number | string;
}): ControllerRun {
  const { controller, demand, pool, services, seed } = options;
  // Looks and orders happen on a grid that fits into a minute.
  const tickSec = Math.min(windowSec, controller.everySec);
  if (windowSec % tickSec !== 0 || controller.everySec % tickSec !== 0) {
    throw new RangeError(`${controller.name} looks every ${controller.everySec} s, which does not fit into minutes`);
  }
  const everyTicks = controller.everySec / tickSec;
  const simulation = new PoolSimulation({
    random: createRandomStream(seed).fork('pool'),
    horizonSec: demand.counts.length * demand.stepSec,
    intervalSec: tickSec,
    arrivals: createCountArrivals(demand.counts, demand.stepSec, createRandomStream(seed).fork('arrivals')),
    services,
    workers: controller.initialWorkers,
    concurrency: pool.concurrency,
    startup: pool.startupDelaySec,
    objective: { latencyOf: pool.latencyOf, targetSec: pool.targetSec },
  });
  const account = createAccount(controller, tickSec);
  let unseen: IntervalObservation[] = [];
  for (let tick = 1; simulation.nowSec < simulation.horizonSec; tick++) {
    simulation.advanceTo(tick * tickSec);
    for (const interval of simulation.observe()) {
      account.add(interval);
      unseen.push(interval);
    }
    if (tick % everyTicks !== 0) continue;
    const { workers } = simulation;
    const wanted = controller.decide(poolViewOf(unseen, simulation.state()));
    unseen = [];
    if (wanted === workers) continue;
    simulation.setWorkers(wanted);
    account.changed({ atSec: simulation.nowSec, from: workers, to: wanted });
  }
  return account.close(simulation.arrivedWithinTarget() as Float64Array);
}

function createAccount({ name, initialWorkers }: Controller, tickSec: number) {
  const run: ControllerRun = {
    name,
    initialWorkers,
    minutes: [],
    changes: [],
    workerSec: 0,
    jobs: 0,
    withinTarget: 0,
    waitingMax: 0,
  };
  return {
    add(interval: IntervalObservation): void {
      const minute = Math.floor((interval.startSec + 1e-9) / windowSec);
      const row = (run.minutes[minute] ??= {
        arrivals: 0,
        completions: 0,
        arrivedWithinTarget: 0,
        responseSecP95: Number.NaN,
        waiting: 0,
        workersPaid: 0,
        workersReady: 0,
      });
      row.arrivals += interval.arrivals;
      row.completions += interval.completions;
      if (!(row.responseSecP95 >= interval.responseSecP95)) row.responseSecP95 = interval.responseSecP95;
      row.waiting = interval.waiting;
      row.workersPaid = interval.workersPaid;
      row.workersReady = interval.workersReady;
      run.workerSec += interval.workerSeconds;
      run.jobs += interval.arrivals;
      run.waitingMax = Math.max(run.waitingMax, interval.waiting);
    },
    changed(change: WorkerChange): void {
      run.changes.push(change);
    },
    close(withinByTick: Float64Array): ControllerRun {
      for (const [tick, within] of withinByTick.entries()) {
        const minute = run.minutes[Math.floor((tick * tickSec) / windowSec)];
        if (minute) minute.arrivedWithinTarget += within;
        run.withinTarget += within;
      }
      return run;
    },
  };
}
