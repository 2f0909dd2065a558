/** One stretch of availability probing. What an earlier attempt measured before its worker died is kept. */
import { Context } from '@temporalio/activity';
import { runAvailabilityProbe, type ProbeSegment } from '../src/adapters/zookeeper';
import type { ProbeResult, RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { znodePlace } from './whoHolds';
import { operation } from './operation';
import { credentialsOf, membersOf, resolveTarget } from './resolve';

const WRITE_EVERY_MS = 50;

export function probeActivities(
  dependencies: Dependencies,
): Pick<RunActivities, 'probeAvailability'> {
  return {
    probeAvailability: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const earlier = Context.current().info.heartbeatDetails as ProbeResult | undefined;
        const members = membersOf(ensemble);
        const segment = await runAvailabilityProbe({
          ...znodePlace(dependencies, ensemble),
          servers: [
            ...members.filter(({ role }) => role === 'participant'),
            ...members.filter(({ role }) => role === 'observer'),
          ],
          auth: await credentialsOf(dependencies, ensemble),
          intervalMs: WRITE_EVERY_MS,
          gapThresholdMs: args.thresholdMs,
          durationMs: args.durationMs,
          carry: earlier?.carry ?? args.carry,
          signal: context.signal,
          onProgress: (progress) => context.heartbeat(joined(earlier, progress)),
        });
        return joined(earlier, segment);
      }),
  };
}

/** An open gap belongs to the stretch in which it ends; the carry tells that one of it. */
function joined(earlier: ProbeResult | undefined, segment: ProbeSegment): ProbeResult {
  return {
    acknowledgedWrites: (earlier?.acknowledgedWrites ?? 0) + segment.acknowledgedWrites,
    failedWrites: (earlier?.failedWrites ?? 0) + segment.failedWrites,
    sessionsLost: (earlier?.sessionsLost ?? 0) + segment.sessionsLost,
    unobservedMs: (earlier?.unobservedMs ?? 0) + segment.unobservedMs,
    writeGaps: [...(earlier?.writeGaps ?? []), ...segment.writeGaps],
    lastAckAt: segment.lastAckAt ?? earlier?.lastAckAt,
    carry: {
      lastAckAt: segment.lastAckAt,
      endedAt: segment.endedAt,
      silentMs: segment.silentMs,
    },
  };
}
