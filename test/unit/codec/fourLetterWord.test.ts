import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  classifyReply,
  isImok,
  monitorOf,
  normaliseZxid,
  parseConf,
  parseCons,
  parseEnvi,
  parseMntr,
  parseSrvr,
  sessionsOf,
} from '../../../src/codec/fourLetterWord';
import { anyText } from '../../support/anyText';

const VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6'];

const recorded = (version: string, name: string): string =>
  readFileSync(join(__dirname, '../../fixtures/fourLetterWord', version, `${name}.txt`), 'utf8');

describe.each(VERSIONS)('replies of a real %s server', (version) => {
  test('srvr of the leader gives version, role, zxid and figures', () => {
    const srvr = parseSrvr(recorded(version, 'srvr.leader'));
    expect(srvr).toMatchObject({ version, role: 'leader', zxid: '0x100000002', connections: 2 });
    expect(srvr.versionText).toMatch(new RegExp(`^${version}.*built on`));
    expect(srvr.latency?.maxMs).toBeGreaterThan(0);
    expect(srvr.outstandingRequests).toBe(0);
    expect(srvr.znodeCount).toBeGreaterThan(3);
  });

  test('srvr of a follower says so', () => {
    expect(parseSrvr(recorded(version, 'srvr.follower')).role).toBe('follower');
  });

  test('stat gives the same as srvr', () => {
    const stat = parseSrvr(recorded(version, 'stat.leader'));
    expect(stat).toMatchObject({ version, role: 'leader', zxid: '0x100000002' });
  });

  test('mntr gives names and values', () => {
    const mntr = parseMntr(recorded(version, 'mntr.leader'));
    expect(mntr).toMatchObject({
      zk_server_state: 'leader',
      zk_synced_followers: expect.stringMatching(/^2(\.0)?$/),
      zk_ephemerals_count: '1',
    });
    expect(Object.keys(monitorOf(mntr)).length).toBeLessThan(40);
    expect(monitorOf(mntr)).toHaveProperty('zk_server_state', 'leader');
  });

  test('conf gives the id and, from 3.5 on, the members and their version', () => {
    const conf = parseConf(recorded(version, 'conf.leader'));
    expect(conf.serverId).toBe(3);
    expect(conf.settings['tickTime']).toBe('2000');
    if (version === '3.4.14') {
      expect(conf.members).toEqual([]);
      expect(conf.configVersion).toBeUndefined();
    } else {
      expect(conf.configVersion).toBe('0x0');
      expect(conf.members).toHaveLength(3);
      expect(conf.members[1]).toEqual({
        id: 2,
        host: '192.0.2.2',
        quorumPort: 2888,
        electionPort: 3888,
        role: 'participant',
      });
    }
  });

  test('cons tells sessions from those who asked a four-letter word', () => {
    const connections = parseCons(recorded(version, 'cons.leader'));
    expect(connections).toHaveLength(2);
    expect(sessionsOf(connections)).toEqual({ total: 1, smallestTimeoutMs: 10_000 });
  });

  test('envi names the JDK', () => {
    expect(parseEnvi(recorded(version, 'envi.leader'))['java.version']).toMatch(/^\d/);
  });

  test('without quorum it says that it serves no requests, and imok all the same', () => {
    for (const word of ['srvr', 'mntr', 'conf']) {
      expect(classifyReply(recorded(version, `${word}.notServing`))).toBe('notServing');
    }
    expect(isImok(recorded(version, 'ruok.notServing'))).toBe(true);
  });
});

test.each(['3.5.10', '3.9.6'])('the default whitelist of %s is recognised', (version) => {
  expect(classifyReply(recorded(version, 'mntr.whitelist'))).toBe('notWhitelisted');
});

test("a Debian package's version is its leading number", () => {
  const text =
    'Zookeeper version: 3.8.0-${mvngit.commit.id}, built on 2022-12-18\nMode: follower\n';
  expect(parseSrvr(text)).toMatchObject({ version: '3.8.0', role: 'follower' });
});

test('a read-only server has a mode but no role', () => {
  expect(parseSrvr('Mode: read-only\n')).toEqual({ mode: 'read-only' });
});

test('zxids are lower-case hex without leading zeros, or nothing', () => {
  expect(normaliseZxid('0X0000000A0000002A')).toBe('0xa0000002a');
  expect(normaliseZxid('0x0')).toBe('0x0');
  expect(normaliseZxid('0x')).toBeUndefined();
  expect(normaliseZxid('42')).toBeUndefined();
  expect(normaliseZxid('0x10000000000000000')).toBeUndefined();
});

test('no text whatever makes a parser throw', () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      classifyReply(text);
      parseSrvr(text);
      parseMntr(text);
      parseConf(text);
      parseEnvi(text);
      sessionsOf(parseCons(text));
    }),
  );
});
