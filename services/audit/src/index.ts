export { type AuditKeys, createAesSealer } from './adapters/aes-sealer.ts';
export { openJetStreamAuditLog } from './adapters/jetstream-log.ts';
export { makeAuditKeys, parseEncryptionKeys, readOrMakeAuditKeys } from './adapters/key-file.ts';
export { type AppendFault, createMemoryAuditLog, type MemoryAuditLog } from './adapters/memory-log.ts';
export { AuditConfig } from './config.ts';
export { auditDefinition, auditKeysOf } from './definition.ts';
export type { AuditLine, AuditLog, CheckpointLine, PlacedLine, RecordLine, Sealer } from './ports.ts';
export { type AuditPorts, type AuditRules, createAudit } from './service.ts';
