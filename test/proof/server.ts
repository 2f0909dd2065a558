/** The control plane while its processes die: an upgrade goes on, and whoever watches it is told on. */
import { strict as assert } from 'node:assert';
import { ApiInstallation } from '../api/support';
import { Harness } from '../support/harness';
import { until } from '../support/until';
import { assertNothingLost } from '../upgrade/claims';
import { NEW, OLD, type Case } from '../upgrade/cases/types';

const TICKET = 'CHG-killed';
const BETWEEN_MS = 10_000;
const LEAST_KILLS = 5;
/** A watch begins anew with each worker, and what a dead one did is noticed after ten seconds: longer it would never end. */
const SOAK_MS = 6_000;
const RUN_MS = 900_000;
const LEAST_AWAY = 2;
/** Two requests, each of which waits a little for Temporal to come back. */
const AWAY_ANSWERS_MS = 30_000;
const TOLD_AGAIN_MS = 60_000;

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

/**
 * An upgrade under load, opened and approved through the API and watched to its end.
 * @param meanwhile called over and over from the approval to the end
 */
async function upgradeWatched(
  installation: ApiInstallation,
  meanwhile: (told: Told) => Promise<void>,
): Promise<Told> {
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
    while (told.end === undefined && Date.now() < deadline) await meanwhile(told);
    await following;
    assert.match(told.end ?? 'none', /completed/);
    const { body } = await ada.get(`/v1/runs/${TICKET}`);
    assert.equal((body.run as { outcome?: string }).outcome, 'completed');
    assertNothingLost(await harness.checkLoad());
    return told;
  } finally {
    stop.abort();
  }
}

const installationFor = (name: string) =>
  ApiInstallation.create({
    ...{ name, version: OLD, signed: true },
    people: { ada: ['operator:*'], grace: ['approver:*'] },
  });

const killedInTurn: Case = {
  name: `upgrade ${OLD} → ${NEW}, server and worker killed in turn every 10 s: completes, nothing lost, watched to its end`,
  run: async () => {
    const installation = await installationFor('control-killed');
    try {
      let kills = 0;
      const told = await upgradeWatched(installation, async (soFar) => {
        await until('ten seconds, or the end', pastOrEnded(soFar), BETWEEN_MS * 3);
        if (soFar.end !== undefined) return;
        await (kills % 2 === 0
          ? installation.replaceServer()
          : installation.harness.replaceWorker());
        kills += 1;
      });
      assert.ok(kills >= LEAST_KILLS, `only ${kills} were killed`);
      assert.ok(told.connections >= kills / 2, `only ${told.connections} connections`);
    } finally {
      await installation.destroy();
    }
  },
};

const temporalAway: Case = {
  name: `upgrade ${OLD} → ${NEW}, Temporal killed under the server time and again: each answer says so, the run completes, watched to its end`,
  run: async () => {
    const installation = await installationFor('control-away');
    try {
      const { temporal } = installation.harness;
      let kills = 0;
      await upgradeWatched(installation, async (soFar) => {
        await until('ten seconds, or the end', pastOrEnded(soFar), BETWEEN_MS * 3);
        if (soFar.end !== undefined) return;
        const before = soFar.statuses;
        await temporal.kill();
        const asked = Date.now();
        const run = await installation.as('ada').get(`/v1/runs/${TICKET}`);
        assert.equal(run.status, 503, JSON.stringify(run.body));
        assert.match(String(run.body.type), /TemporalUnavailable/);
        const pause = await installation.as('ada').post(`/v1/runs/${TICKET}/pause`, {});
        assert.equal(pause.status, 503, JSON.stringify(pause.body));
        assert.ok(Date.now() - asked < AWAY_ANSWERS_MS, `answered after ${Date.now() - asked} ms`);
        await temporal.restart();
        kills += 1;
        const again = () => soFar.statuses > before || soFar.end !== undefined || undefined;
        await until('the watcher is told again', again, TOLD_AGAIN_MS);
      });
      assert.ok(kills >= LEAST_AWAY, `only ${kills} times`);
    } finally {
      await installation.destroy();
    }
  },
};

function pastOrEnded(told: Told): () => true | undefined {
  const since = Date.now();
  return () => told.end !== undefined || Date.now() - since >= BETWEEN_MS || undefined;
}

const TRACED = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };

/** A pause that comes while an activity is at work cancels it, which is where the order of commands shows. */
const tracesSwitched: Case = {
  name: `upgrade ${OLD} → ${NEW}, begun with traces, paused at work and gone on with without, and the other way round: replays, taken back`,
  run: async () => {
    for (const [first, second] of [
      [TRACED, {}],
      [{}, TRACED],
    ]) {
      const harness = await Harness.create({
        ...{ name: 'traces-switched', version: OLD, withoutWorker: true },
      });
      try {
        await harness.startWorker(first);
        const run = await harness.startUpgrade({ version: NEW });
        await run.approve('start');
        await run.until('a step at work', ({ plan }) =>
          Boolean(plan?.steps.some(({ state }) => state === 'running')),
        );
        for (const control of ['pause', 'resume', 'pause'] as const)
          await run.send(control, { by: 'tester' });
        await harness.worker.end('SIGKILL');
        await harness.startWorker(second);
        await run.until(
          'paused, told by another worker',
          ({ state }) => state === 'paused',
          60_000,
        );
        await run.send('rollback', { by: 'tester' });
        const { outcome, text } = await run.report();
        assert.equal(outcome, 'rolledBack', text);
      } finally {
        await harness.destroy();
      }
    }
  },
};

export const serverCases: Case[] = [killedInTurn, temporalAway, tracesSwitched];
