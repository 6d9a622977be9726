/** What a run's figures do not cover. */
export interface RunGaps {
  /** Windows that the run lasted, and those of them that were measured, and measured in full. */
  windows: number;
  windowsMeasured: number;
  windowsTrusted: number;
  /** Jobs put in and not finished when the figures were made, and those of them that are late already. */
  unfinished: number;
  unfinishedLate: number;
  /** Jobs that the queue knows as done and of which no finish time came. */
  finishedUnseen: number;
  /** How often the process was started again. */
  restarts: number;
}

/** One sentence for everything that makes a figure less than complete; none when all are. */
export function incompleteness(gaps: RunGaps): string[] {
  const { windows, windowsMeasured, windowsTrusted, unfinished, unfinishedLate, finishedUnseen, restarts } = gaps;
  const lost = windows - windowsMeasured;
  const partly = windowsMeasured - windowsTrusted;
  const young = unfinished - unfinishedLate;
  const marks: string[] = [];
  if (lost > 0) {
    const were = lost === 1 ? 'was' : 'were';
    marks.push(
      `${lost} of ${windows} windows ${were} not measured: worker-hours, cost and the most jobs waiting are lower bounds`,
    );
  }
  if (partly > 0)
    marks.push(`${partly} of ${windows} windows ${partly === 1 ? 'was' : 'were'} measured in part and may be off`);
  if (finishedUnseen > 0)
    marks.push(`${jobs(finishedUnseen)} done at a time that was not recorded: late in these figures`);
  if (unfinished > 0) {
    const judged = [
      ...(unfinishedLate > 0 ? [`${unfinishedLate} of them late already, and counted so`] : []),
      ...(young > 0 ? [`${young} younger than the target, and not judged`] : []),
    ];
    marks.push(`${jobs(unfinished)} not finished: ${judged.join('; ')}`);
  }
  if (restarts > 0) {
    marks.push(
      `the process was started again ${restarts === 1 ? 'once' : `${restarts} times`}: figures count from the last start`,
    );
  }
  return marks;
}

function jobs(count: number): string {
  return `${count} ${count === 1 ? 'job was' : 'jobs were'}`;
}
