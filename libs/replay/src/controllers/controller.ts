/** What a controller is shown: one interval of a simulated pool and where the pool stands at its end. */
export interface PoolView {
  /** End of the interval, seconds since the start of the run. */
  atSec: number;
  /** Length of the interval since this controller was last asked, seconds. */
  intervalSec: number;
  arrivals: number;
  completions: number;
  /** Jobs waiting at the end of the interval. */
  waiting: number;
  /** Slots at work at the end of the interval. */
  busySlots: number;
  /** Mean of busy slots over the interval. */
  busySlotsMean: number;
  /** Workers that take jobs at the end of the interval. */
  readyWorkers: number;
  /** Workers ordered and not yet able to take jobs. */
  startingWorkers: number;
  /** Workers that finish what they hold and then go. */
  drainingWorkers: number;
  /** Mean and squared coefficient of variation of service times that ended in the interval; NaN when none did. */
  serviceMeanSec: number;
  serviceScv: number;
}

/** Something that sets the number of workers of a pool: asked every `everySec`, answers with the number it wants. */
export interface Controller {
  /** Short name for tables. */
  name: string;
  everySec: number;
  /** Workers ordered when the run starts, all of them ready. */
  initialWorkers: number;
  /** Workers wanted from now on. Pools are simulated one after the other, so a controller may keep its own memory. */
  decide(view: PoolView): number;
}
