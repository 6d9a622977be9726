import { expect } from 'chai';
import { type RunSummary, summaryText } from './summary.ts';

const summary: RunSummary = {
  slo_attainment: 0.987,
  minutes_judged: 720,
  minutes_missed: 5,
  jobs_judged: 990,
  jobs_late: 13,
  jobs_unfinished: 2,
  windows: 96,
  windows_measured: 96,
  complete: true,
  incomplete: [],
  reactive_minutes_missed: 30,
  p95_response_s: 120,
  max_backlog: 12,
  worker_hours: 96,
  cost: 40,
  forecast_wape: 0.12,
  plans_proposed: 9,
  plans_carried_out: 8,
  reactive_cost: 52,
  reactive_slo_attainment: 0.95,
  jobs_submitted: 1000,
  jobs_completed: 998,
  jobs_lost: 0,
  audit_records: 80,
  audit_intact: true,
  start_up_s: 3,
  virtual_hours: 12,
  currency: 'USD',
  servers: 'nats and redis',
};

describe('summaryText', () => {
  it('says what was kept, what it cost and what a reactive rule would have cost', () => {
    const text = summaryText(summary, 150);
    for (const part of ['98.7 %', '150 s', '40.00 USD', '52.00 USD', '998 of 1000', 'chain intact'])
      expect(text).to.contain(part);
  });

  it('says what a figure leaves out, and that it is a lower bound', () => {
    const mark = '3 of 96 windows were not measured: worker-hours, cost and the most jobs waiting are lower bounds';
    const text = summaryText({ ...summary, windows_measured: 93, complete: false, incomplete: [mark] }, 150);
    expect(text).to.contain(mark).and.to.contain('at least 40.00 USD').and.to.contain('at least 96.0 worker-hours');
    expect(summaryText(summary, 150)).to.not.contain('at least').and.to.not.contain('incomplete');
  });

  it('is broken between words where the terminal is narrow', () => {
    const narrow = summaryText(summary, 150, 60);
    for (const line of narrow.split('\n')) expect(line.length, line).to.be.at.most(60);
    const words = (text: string) => text.split(/\s+/).join(' ');
    expect(words(narrow)).to.equal(words(summaryText(summary, 150, 150)));
  });

  it('does not hide a broken chain, nor make up what was not measured', () => {
    const text = summaryText({ ...summary, audit_intact: false, slo_attainment: null }, 150);
    expect(text).to.contain('CHAIN BROKEN').and.to.contain('–');
  });
});
