import { auditDefinition } from '@capplan/audit-service';
import { collectorDefinition } from '@capplan/collector-service';
import { executorDefinition } from '@capplan/executor-service';
import { forecasterDefinition } from '@capplan/forecaster-service';
import { gatewayDefinition } from '@capplan/gateway-service';
import { notifierDefinition } from '@capplan/notifier-service';
import { plannerDefinition } from '@capplan/planner-service';
import { queueingDefinition } from '@capplan/queueing-service';
import { simulatorDefinition } from '@capplan/simulator-service';

/** Every service, in the order in which one process starts them: whoever is asked comes before whoever asks. */
export const serviceDefinitions = {
  audit: auditDefinition,
  simulator: simulatorDefinition,
  collector: collectorDefinition,
  forecaster: forecasterDefinition,
  queueing: queueingDefinition,
  planner: plannerDefinition,
  executor: executorDefinition,
  notifier: notifierDefinition,
  gateway: gatewayDefinition,
} as const;

export type ServiceName = keyof typeof serviceDefinitions;

export const serviceNames = Object.keys(serviceDefinitions) as ServiceName[];
