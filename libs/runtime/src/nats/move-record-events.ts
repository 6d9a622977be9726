import { JetStreamApiCodes, type JetStreamManager } from '@nats-io/jetstream';
import { streamPlans } from '../bus/stream-plan.ts';
import type { Log } from '../ports/service.ts';
import { apiCodeOf } from './nats-link.ts';

/**
 * Moves the newest event of every record to the records' own stream, unless a newer one is there already.
 *
 * Version 0.1.0 kept them among the decisions, where they would age away now. May be broken off, and done by several
 * services at once: they go from the old stream only when all of them are in the new one.
 */
export async function moveRecordEvents(manager: JetStreamManager, log: Log): Promise<void> {
  const { events, records } = streamPlans;
  const publisher = manager.jetstream();
  for (const pattern of records.subjects) {
    const { state } = await manager.streams.info(events.name, { subjects_filter: pattern });
    const subjects = Object.keys(state.subjects ?? {});
    if (subjects.length === 0) continue;
    for (const subject of subjects) {
      const newest = await manager.streams.getMessage(events.name, { last_by_subj: subject });
      if (!newest) continue;
      const settings = { headers: newest.header, expect: { lastSubjectSequence: 0 } };
      await publisher.publish(subject, newest.data, settings).catch((error: unknown) => {
        if (apiCodeOf(error) !== JetStreamApiCodes.StreamWrongLastSequence) throw error;
      });
    }
    await manager.streams.purge(events.name, { filter: pattern });
    const ownSubjects = pattern.replace('>', '');
    for await (const { name, config } of manager.consumers.list(events.name)) {
      if (config.filter_subject?.startsWith(ownSubjects)) await manager.consumers.delete(events.name, name);
    }
    log.info(
      { stream: records.name, pattern, subjects: subjects.length },
      'The events of records have a stream of their own',
    );
  }
}
