import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateLocalKey } from './jose-tokens.ts';

/** The private key of locally issued tokens; made, readable for its owner alone, where there is none yet. */
export async function readOrMakeLocalKey(file: string): Promise<string> {
  const found = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) return found;
  const key = await generateLocalKey();
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, key, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    // Another replica was quicker: its key is the one.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readFile(file, 'utf8');
    throw error;
  }
}
