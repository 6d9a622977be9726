import { CapacityError } from '@capplan/contracts';
import type { CreationContext, ServiceDefinition } from '@capplan/runtime';
import { type AuditKeys, createAesSealer } from './adapters/aes-sealer.ts';
import { openJetStreamAuditLog } from './adapters/jetstream-log.ts';
import { parseEncryptionKeys, readOrMakeAuditKeys } from './adapters/key-file.ts';
import { createMemoryAuditLog } from './adapters/memory-log.ts';
import { AuditConfig } from './config.ts';
import type { AuditLog } from './ports.ts';
import { createAudit } from './service.ts';

const dayMs = 86_400_000;

/** Keys from the settings where they are given, from the key file otherwise. */
export function auditKeysOf(config: AuditConfig): AuditKeys {
  const { encryptionKeys, signingKey, formerSigners, keyFile } = config;
  if (encryptionKeys === '' && signingKey === '') return readOrMakeAuditKeys(keyFile);
  if (encryptionKeys === '' || signingKey === '') {
    throw new CapacityError(
      'invalid_input',
      'AUDIT_ENCRYPTION_KEYS and AUDIT_SIGNING_KEY are set together, or neither',
    );
  }
  const former = formerSigners === '' ? [] : formerSigners.split(',').map((key) => key.trim());
  return { encryption: parseEncryptionKeys(encryptionKeys), signing: signingKey, formerSigners: former };
}

async function logFor(context: CreationContext, config: AuditConfig): Promise<AuditLog> {
  if (context.nats) {
    return openJetStreamAuditLog(context.nats.connection, {
      retentionMs: config.retentionDays * dayMs,
      replicas: config.replicas,
    });
  }
  context.log.warn({}, 'Without NATS the audit log is kept in memory and ends with this process.');
  return createMemoryAuditLog();
}

/** How the audit service is made from a context and its settings. */
export const auditDefinition: ServiceDefinition<typeof AuditConfig> = {
  name: 'audit',
  configSchema: AuditConfig,
  create: async (context, config) =>
    createAudit(context, config, {
      log: await logFor(context, config),
      sealer: createAesSealer(auditKeysOf(config)),
    }),
};
