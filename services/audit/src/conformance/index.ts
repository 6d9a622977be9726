export { describeAuditLogConformance } from './audit-log.ts';
