export type { DeclaredResources, Replicas } from './ports.ts';
