import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own that holds a few MiB: what is written past that fails as on any full disk (ENOSPC). */
export interface SmallDisk {
  folder: string;
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  free(): Promise<void>;
  close(): Promise<void>;
}

/** @returns undefined, with a line that says so, where this user may not mount */
export async function makeSmallDisk(mebibytes: number): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'capacity-planner-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', folder]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    process.stderr.write(`left out, as no small disk can be mounted here: ${String(error).split('\n')[0]}\n`);
    return undefined;
  }
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: async () => {
      const file = await open(filler, 'a');
      try {
        for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 16)) {
          let isRoom = true;
          while (isRoom) isRoom = (await file.write(Buffer.alloc(bytes)).catch(noSpaceLeft)) !== undefined;
        }
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler, { force: true }),
    close: async () => {
      await run('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function noSpaceLeft(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOSPC') throw error;
  return undefined;
}
