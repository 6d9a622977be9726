import { join } from 'node:path';
import { endWorkers } from '@capplan/executor-service';
import { endLeftoverServer } from '@capplan/runtime';

/** Where the private servers of a data folder keep what is theirs. */
export const serverFolders = (dataDir: string) => ({ nats: join(dataDir, 'nats'), redis: join(dataDir, 'redis') });

/** Where the executor of a data folder writes down its worker processes. */
export const workerStateFile = (dataDir: string) => join(dataDir, 'workers.json');

/**
 * Ends what a killed process has left running on a data folder: workers first, then the private servers. Only for whoever
 * has the folder to itself.
 *
 * @param graceMs real ms that workers have for finishing what they do; 0 kills them at once
 * @returns how many processes there were
 */
export async function endLeftovers(dataDir: string, { graceMs }: { graceMs: number }): Promise<number> {
  const workers = await endWorkers(workerStateFile(dataDir), { graceMs });
  const servers = await Promise.all(Object.values(serverFolders(dataDir)).map(endLeftoverServer));
  return workers + servers.filter((wasThere) => wasThere).length;
}
