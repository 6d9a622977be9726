import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort } from '../servers/free-port.ts';
import { exitCodes } from './run-service.ts';

const fixture = fileURLToPath(new URL('./run-service.fixture.ts', import.meta.url));

async function outcomeOf(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const settings = ['--import', 'tsx', '--conditions', 'source', fixture];
  const child = spawn(process.execPath, settings, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, said };
}

describe('runService', () => {
  it('ends with a code of its own when the settings are bad, and says what is wrong', async () => {
    const { code, said } = await outcomeOf({ IDLE_N: 'many' });
    expect(code).to.equal(exitCodes.badConfig);
    expect(said).to.include('IDLE_N').and.to.include('must be a number');
  });

  it('ends with another code when its servers do not answer', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    const { code, said } = await outcomeOf({
      NATS_URL: `nats://${nobody}`,
      CONNECT_TIMEOUT_MS: '100',
      LOG_LEVEL: 'silent',
    });
    expect(code).to.equal(exitCodes.serversMissing);
    expect(said).to.include(nobody);
  });
});
