// Mocha's own dots, and the counts left in a file for the closing line of the test command.
const { appendFileSync } = require('node:fs');
const Mocha = require('mocha');

module.exports = class CountingReporter extends Mocha.reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      if (process.env.CAPPLAN_TEST_COUNTS) appendFileSync(process.env.CAPPLAN_TEST_COUNTS, `${passes} ${failures} ${pending}\n`);
    });
  }
};
