/** The control plane while its processes die: an upgrade goes on, and whoever watches it is told on. */
import { strict as assert } from 'node:assert';
import { ApiInstallation } from '../api/support';
import { until } from '../support/until';
import { assertNothingLost } from '../upgrade/claims';
import { NEW, OLD, type Case } from '../upgrade/cases/types';

const TICKET = 'CHG-killed';
const BETWEEN_MS = 10_000;
const LEAST_KILLS = 5;
/** A watch begins anew with each worker, and what a dead one did is noticed after ten seconds: longer it would never end. */
const SOAK_MS = 6_000;
const RUN_MS = 900_000;

interface Told {
  statuses: number;
  connections: number;
  end?: string;
}

/** Follows a run as the console does: when the stream breaks it is asked for again, at the same address. */
async function follow(installation: ApiInstallation, told: Told, stop: AbortSignal): Promise<void> {
  const { token } = installation.people.ada!;
  while (!stop.aborted && told.end === undefined) {
    try {
      const response = await fetch(`${installation.url}/v1/runs/${TICKET}/events`, {
        headers: { authorization: `Bearer ${token}` },
        signal: stop,
      });
      told.connections += 1;
      let text = '';
      for await (const chunk of response.body!) {
        text += Buffer.from(chunk as Uint8Array).toString();
        const events = text.split('\n\n');
        text = events.pop()!;
        told.statuses += events.filter((event) => event.startsWith('event: status')).length;
        told.end ??= events.find((event) => event.startsWith('event: end'));
      }
    } catch {
      // The server is gone for the moment.
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const killedInTurn: Case = {
  name: `upgrade ${OLD} → ${NEW}, server and worker killed in turn every 10 s: completes, nothing lost, watched to its end`,
  run: async () => {
    const installation = await ApiInstallation.create({
      ...{ name: 'control-killed', version: OLD, signed: true },
      people: { ada: ['operator:*'], grace: ['approver:*'] },
    });
    const stop = new AbortController();
    try {
      const { harness } = installation;
      await harness.startLoad();
      const auto = { mode: 'auto' };
      const input = {
        ensemble: harness.lab.name,
        target: { version: NEW },
        gates: { beforeLeader: auto, finalize: auto },
        soakMs: SOAK_MS,
      };
      const ada = installation.as('ada');
      await ada.post('/v1/runs', { ticket: TICKET, strategy: 'upgrade', input });
      const told: Told = { statuses: 0, connections: 0 };
      const following = follow(installation, told, stop.signal);
      const planHash = await until(
        'gate start',
        async () => {
          const { body } = await ada.get(`/v1/runs/${TICKET}`);
          return (body.status as { gate?: { planHash: string } } | undefined)?.gate?.planHash;
        },
        60_000,
        500,
      );
      const approve = `/v1/runs/${TICKET}/gates/start/approve`;
      const approved = await installation.as('grace').post(approve, { planHash });
      assert.equal(approved.status, 200);
      const deadline = Date.now() + RUN_MS;
      let kills = 0;
      while (told.end === undefined && Date.now() < deadline) {
        await until('ten seconds, or the end', pastOrEnded(told), BETWEEN_MS * 3);
        if (told.end !== undefined) break;
        await (kills % 2 === 0 ? installation.replaceServer() : harness.replaceWorker());
        kills += 1;
      }
      await following;
      assert.match(told.end ?? 'none', /completed/);
      assert.ok(kills >= LEAST_KILLS, `only ${kills} were killed`);
      assert.ok(told.connections >= kills / 2, `only ${told.connections} connections`);
      const { body } = await installation.as('ada').get(`/v1/runs/${TICKET}`);
      assert.equal((body.run as { outcome?: string }).outcome, 'completed');
      assertNothingLost(await harness.checkLoad());
    } finally {
      stop.abort();
      await installation.destroy();
    }
  },
};

function pastOrEnded(told: Told): () => true | undefined {
  const since = Date.now();
  return () => told.end !== undefined || Date.now() - since >= BETWEEN_MS || undefined;
}

export const serverCases: Case[] = [killedInTurn];
