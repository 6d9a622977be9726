import { readFile } from 'node:fs/promises';
import { makeFileOnce } from '@capplan/runtime';
import { generateLocalKey } from './jose-tokens.ts';

/** The private key of locally issued tokens; made, readable for its owner alone, where there is none yet. */
export async function readOrMakeLocalKey(file: string): Promise<string> {
  const found = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) return found;
  const key = await generateLocalKey();
  // Another replica may be quicker: its key is the one.
  return makeFileOnce(file, key) ? key : readFile(file, 'utf8');
}
