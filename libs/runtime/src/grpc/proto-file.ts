import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CapacityError } from '@capplan/contracts';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

export interface LoadedProto {
  definition: PackageDefinition;
  /** The service's constructor, by its full name such as `capacity.simulation.v1.SimulationService`. */
  service: ServiceClientConstructor;
}

/**
 * Finds the folder `proto` at or above this file, or where `root` says: sources, built files and bundles lie at
 * different depths below it.
 */
export function protoRoot(root?: string): string {
  if (root !== undefined) return root;
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'proto');
    if (existsSync(join(candidate, 'capacity'))) return candidate;
    const above = dirname(folder);
    if (above === folder)
      throw new CapacityError('internal', 'the folder with the gRPC contracts (proto) is not there');
    folder = above;
  }
}

/** Loads one service of a `.proto` file. Field names stay as written, numbers are numbers, enums are their names. */
export function loadProto(file: string, serviceName: string, root?: string): LoadedProto {
  const folder = protoRoot(root);
  const definition = loadSync(file, {
    includeDirs: [folder],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    oneofs: true,
  });
  let found: unknown = loadPackageDefinition(definition);
  for (const part of serviceName.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  if (typeof found !== 'function' || !('service' in found)) {
    throw new CapacityError('internal', `${file} has no service ${serviceName}`);
  }
  return { definition, service: found as ServiceClientConstructor };
}
