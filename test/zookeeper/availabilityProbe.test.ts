import {
  createZooKeeperAdapter,
  runAvailabilityProbe,
  type ProbeCarry,
  type ProbeSegment,
} from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import { AUTH, addressesOf, CREDENTIAL, eventually, startLab } from './support';

/** Longest a busy machine is let stall a healthy ensemble. */
const LOADED_STALL_MS = 1_500;
const place = { root: '/zkferry', credential: CREDENTIAL };

describe('the availability probe', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ name: 'availability', version: '3.9.6', servers: 3 });
  });
  const stops: AbortController[] = [];
  const newStop = (): AbortController => {
    const stop = new AbortController();
    stops.push(stop);
    return stop;
  };
  afterEach(() => {
    for (const stop of stops.splice(0)) stop.abort();
  });
  afterAll(() => lab?.destroy());

  /** Probes while `act` runs and `settledMs` longer. */
  async function during(act: () => Promise<unknown>, carry?: ProbeCarry): Promise<ProbeSegment> {
    const stop = newStop();
    let seen: ProbeSegment | undefined;
    const probing = runAvailabilityProbe({
      ...place,
      servers: addressesOf(lab),
      auth: AUTH,
      carry,
      signal: stop.signal,
      onProgress: (segment) => (seen = segment),
    });
    const writing = (more: number, since = 0) =>
      eventually('writes acknowledged', () =>
        Promise.resolve((seen?.acknowledgedWrites ?? 0) > since + more),
      );
    await writing(20);
    await act();
    await writing(20, seen!.acknowledgedWrites);
    stop.abort();
    return probing;
  }

  test('sees writes go on when a follower stops, loses no session, and costs little', async () => {
    const leader = await lab.leader();
    const other = lab.members.find(({ name }) => name !== leader)!.name;
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    const segment = await during(async () => {
      await lab.stopServer(other);
      await lab.startServer(other);
      await lab.waitServing();
    });
    const { user, system } = process.cpuUsage(cpuBefore);
    const share = (user + system) / 1_000 / (performance.now() - started);
    // The tests' own load stalls small machines; an election would take longer than this even on idle ones.
    expect(segment.writeGaps.filter(({ gapMs }) => gapMs > LOADED_STALL_MS)).toEqual([]);
    expect(segment).toMatchObject({ sessionsLost: 0 });
    expect(segment.unobservedMs).toBeLessThan(2_000);
    expect(share).toBeLessThan(0.2);
    console.info(
      `follower restart: ${JSON.stringify(segment)}, ${Math.round(share * 100)} % of a core`,
    );
  });

  test('measures the gap that a killed leader leaves', async () => {
    const leader = (await lab.leader())!;
    const segment = await during(async () => {
      await lab.killServer(leader);
      await eventually('a new leader', async () => {
        const next = await lab.leader();
        return next !== undefined && next !== leader;
      });
    });
    await lab.startServer(leader);
    await lab.waitServing();
    const longest = Math.max(0, ...segment.writeGaps.map(({ gapMs }) => gapMs));
    expect(longest).toBeGreaterThan(250);
    expect(longest).toBeLessThan(10_000);
    expect(segment.sessionsLost).toBe(0);
    console.info(`leader killed: ${JSON.stringify(segment)}`);
  });

  test('an outage over two segments is one gap, reported by the second', async () => {
    const options = { ...place, servers: addressesOf(lab), auth: AUTH };
    const leader = (await lab.leader())!;
    const others = lab.members.map(({ name }) => name).filter((name) => name !== leader);
    let seen: ProbeSegment | undefined;
    const onProgress = (segment: ProbeSegment) => (seen = segment);
    const stop = newStop();
    const probing = runAvailabilityProbe({ ...options, signal: stop.signal, onProgress });
    await eventually('writes', () => Promise.resolve((seen?.acknowledgedWrites ?? 0) > 10));
    await Promise.all(others.map((name) => lab.killServer(name)));
    await eventually('an open gap', () => Promise.resolve((seen?.openGap?.gapMs ?? 0) > 500));
    stop.abort();
    const first = await probing;
    expect(first.openGap!.startedAt).toBe(first.lastAckAt);

    const stopAgain = newStop();
    seen = undefined;
    const again = runAvailabilityProbe({
      ...options,
      carry: first,
      signal: stopAgain.signal,
      onProgress,
    });
    await Promise.all(others.map((name) => lab.startServer(name)));
    await eventually('the gap to end', () => Promise.resolve((seen?.writeGaps.length ?? 0) > 0));
    stopAgain.abort();
    const second = await again;
    expect(second.writeGaps[0]!.startedAt).toBe(first.lastAckAt);
    expect(second.writeGaps[0]!.gapMs).toBeGreaterThan(first.openGap!.gapMs);
    await lab.waitServing();
  });

  test('a session that must not see the znodes sees nothing of them', async () => {
    const stranger = await createZooKeeperAdapter().openSession({ servers: addressesOf(lab) });
    await expect(stranger.children('/zkferry/canary')).rejects.toMatchObject({
      type: 'ZooKeeperAuthFailed',
    });
    await stranger.close();
  });
});
