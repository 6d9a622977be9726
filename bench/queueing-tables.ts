// Tables as Markdown, so that a run can be pasted into docs/benchmarks.md.

/** Signed relative errors under the name of what they are errors of. */
export type NamedErrors = Record<string, number[]>;

/** Mean absolute and worst signed error of each name, in percent. */
export function errorTable(errors: NamedErrors): string[][] {
  return Object.entries(errors).map(([name, list]) => {
    const mean = list.reduce((sum, error) => sum + Math.abs(error), 0) / list.length;
    const worst = list.reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0);
    return [name, `${(100 * mean).toFixed(1)} %`, `${(100 * worst).toFixed(1)} %`];
  });
}

export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  process.stdout.write(`${title}\n\n${line(head)}|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n`);
  for (const row of rows) process.stdout.write(line(row));
  process.stdout.write('\n');
}
