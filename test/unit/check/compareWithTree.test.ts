import fc from 'fast-check';
import { compareWithTree } from '../../../src/lab/check/compareWithTree';
import type { JournalRecord, Outcome } from '../../../src/lab/load/journalRecords';
import {
  appended,
  created,
  end,
  ephemeral,
  everywhere,
  except,
  healthyTree,
  SERVERS,
  set,
} from './journal';

const outcome = fc.constantFrom<Outcome>('acked', 'acked', 'acked', 'unknown', 'failed');
const registerPath = fc.constantFrom('/load/registers/w0-k0', '/load/registers/w0-k1');

/** A complete journal of rising register values and numbered appends, with any mix of outcomes. */
const journal = fc
  .array(fc.record({ append: fc.boolean(), path: registerPath, outcome }), { maxLength: 60 })
  .map((writes): JournalRecord[] => [
    ...writes.map(({ append, path, outcome: o }, index) =>
      append ? appended(index + 1, o) : set(path, index + 1, o),
    ),
    ...end(1000),
  ]);
const server = fc.constantFrom(...SERVERS);

function ackedAppends(records: JournalRecord[]): number[] {
  return records.flatMap((record) =>
    record.t === 'w' && record.k === 'append' && record.o === 'acked' ? [record.v] : [],
  );
}

describe('a tree that holds what was acknowledged', () => {
  it('is found without fault, whatever became of the unknown writes', () => {
    fc.assert(
      fc.property(journal, fc.infiniteStream(fc.boolean()), (records, applied) => {
        const kept = records.filter(
          (record) => record.t !== 'w' || record.o !== 'unknown' || applied.next().value === true,
        );
        expect(compareWithTree(records, everywhere(healthyTree(kept)))).toEqual({
          lostWrites: [],
          phantomWrites: [],
          ephemeralsLost: [],
          membersDiffer: [],
        });
      }),
    );
  });
});

describe('a lost write', () => {
  it('is reported for any acknowledged append missing on any one member', () => {
    fc.assert(
      fc.property(journal, server, fc.nat(), (records, where, pick) => {
        const acked = ackedAppends(records);
        fc.pre(acked.length > 0);
        const gone = acked[pick % acked.length]!;
        const trees = except(everywhere(healthyTree(records)), where, ({ appends }) =>
          appends.delete(created(gone)),
        );
        expect(compareWithTree(records, trees).lostWrites).toEqual([
          { kind: 'append', path: created(gone), value: gone, missingOn: [where] },
        ]);
      }),
    );
  });

  it('is reported for any register below its last acknowledged value on any one member', () => {
    fc.assert(
      fc.property(journal, registerPath, server, fc.nat(), (records, path, where, by) => {
        const acked = records.flatMap((record) =>
          record.t === 'w' && record.p === path && record.o === 'acked' ? [record.v] : [],
        );
        fc.pre(acked.length > 0);
        const last = Math.max(...acked);
        const trees = except(everywhere(healthyTree(records)), where, ({ registers }) =>
          registers.set(path, { value: last - 1 - (by % last), zxid: '0x1' }),
        );
        expect(compareWithTree(records, trees).lostWrites).toMatchObject([
          { kind: 'set', path, value: last, missingOn: [where] },
        ]);
      }),
    );
  });

  it('is reported once, with every member that lacks it', () => {
    const records = [appended(1, 'acked'), ...end(5)];
    const nothing = everywhere({ registers: new Map(), appends: new Set() });
    expect(compareWithTree(records, nothing).lostWrites).toEqual([
      { kind: 'append', path: created(1), value: 1, missingOn: SERVERS },
    ]);
  });

  it('is reported for a register that is gone', () => {
    const records = [set('/load/registers/w0-k0', 3, 'acked'), ...end(5)];
    const nothing = everywhere({ registers: new Map(), appends: new Set() });
    expect(compareWithTree(records, nothing).lostWrites).toHaveLength(1);
  });
});

describe('a write whose fate is unknown', () => {
  it('is never lost, but the members must agree on it', () => {
    const records = [appended(1, 'unknown'), ...end(5)];
    const trees = except(everywhere(healthyTree(records)), SERVERS[1]!, ({ appends }) =>
      appends.clear(),
    );
    const { lostWrites, membersDiffer } = compareWithTree(records, trees);
    expect(lostWrites).toEqual([]);
    expect(membersDiffer).toEqual([
      {
        path: created(1),
        held: { [SERVERS[0]!]: 'present', [SERVERS[1]!]: 'absent', [SERVERS[2]!]: 'present' },
      },
    ]);
  });
});

describe('a phantom', () => {
  const register = '/load/registers/w0-k0';

  it('is a register value nobody attempted', () => {
    const records = [set(register, 3, 'acked'), ...end(5)];
    const trees = everywhere(healthyTree([set(register, 4, 'acked')]));
    expect(compareWithTree(records, trees).phantomWrites).toHaveLength(SERVERS.length);
  });

  it('is not declared from a journal that was cut short', () => {
    const trees = everywhere(healthyTree([set(register, 4, 'acked'), appended(9, 'acked')]));
    expect(compareWithTree([set(register, 3, 'acked')], trees).phantomWrites).toEqual([]);
  });

  it('is data that is no value', () => {
    const records = [set(register, 3, 'unknown'), ...end(5)];
    const trees = everywhere({
      registers: new Map([[register, { value: NaN, zxid: '0x1' }]]),
      appends: new Set(),
    });
    expect(compareWithTree(records, trees).phantomWrites[0]?.why).toBe('unreadable');
  });

  it.each([
    [
      'an append acknowledged under another name',
      'acked',
      [created(1), created(1, 2)],
      'duplicate',
    ],
    ['an unknown append that is there twice', 'unknown', [created(1), created(1, 2)], 'duplicate'],
    ['an append the ensemble refused', 'failed', [created(1)], 'failedButThere'],
    ['an append nobody attempted', 'acked', [created(1), created(7)], 'neverAttempted'],
  ] as const)('is %s', (_what, fate, held, why) => {
    const trees = everywhere({ registers: new Map(), appends: new Set(held) });
    const { phantomWrites } = compareWithTree([appended(1, fate), ...end(5)], trees);
    expect(phantomWrites.map((phantom) => phantom.why)).toEqual(SERVERS.map(() => why));
  });
});

describe('an ephemeral', () => {
  it.each([
    ['kept by its session', '0xa1', []],
    ['gone', null, [{ found: null }]],
    ['owned by another session', '0xb2', [{ found: '0xb2' }]],
  ])('%s is told apart', (_what, owner, lost) => {
    const records = [ephemeral('held', '0xa1'), ephemeral('seen', owner), ...end(5)];
    expect(compareWithTree(records, {}).ephemeralsLost).toMatchObject(lost);
  });

  it('nobody could look at counts as lost', () => {
    const found = [{ found: 'unknown' }];
    const held = ephemeral('held', '0xa1');
    expect(compareWithTree([held], {}).ephemeralsLost).toMatchObject(found);
    const unreadable = ephemeral('unreadable', null);
    expect(compareWithTree([held, unreadable], {}).ephemeralsLost).toMatchObject(found);
  });
});
