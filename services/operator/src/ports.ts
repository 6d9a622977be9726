import type { Policy, Pool } from '@capplan/contracts';

/** Pools and policies as a cluster declares them. */
export interface DeclaredResources {
  /** Calls back with each declaration, its changes and its removal, until the signal aborts. */
  watch(
    handler: (
      change:
        | { kind: 'pool'; id: string; pool: Pool | undefined }
        | { kind: 'policy'; id: string; policy: Policy | undefined },
    ) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}

/** The replica count of one workload, and who else sets it. */
export interface Replicas {
  read(pool: string): Promise<{ desired: number; ready: number; owner: string | undefined; resourceVersion: string }>;
  /** Refused when the workload has changed since it was read. */
  write(pool: string, change: { workers: number; fencingToken: number; resourceVersion: string }): Promise<void>;
}
