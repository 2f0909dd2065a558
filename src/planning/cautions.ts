/** What bites when a release line is crossed, in words for the people who approve the plan. */
import { atLeast, compareVersions } from '../model/version';

interface Caution {
  /** Said on the hop that crosses this version from below. */
  crossing: string;
  text: string;
}

const CAUTIONS: readonly Caution[] = [
  {
    crossing: '3.5.0',
    text: 'a server without a snapshot on disk does not start on 3.5+; it gets snapshot.trust.empty for that one start, taken out again once it is up',
  },
  {
    crossing: '3.5.0',
    text: '3.5+ answers only srvr unless 4lw.commands.whitelist says more: what 3.4 answered is kept open',
  },
  {
    crossing: '3.5.0',
    text: '3.5+ brings an AdminServer on port 8080 of all addresses: switched off, since 3.4 had none',
  },
  {
    crossing: '3.5.0',
    text: 'once a 3.5+ server has led, logs can hold transactions that 3.4 cannot read: no way back below 3.5 from there',
  },
  {
    crossing: '3.6.0',
    text: 'multiAddress.enabled stays off while versions are mixed (ZOOKEEPER-3720)',
  },
  {
    crossing: '3.6.0',
    text: 'electionAlg other than 3 is refused by 3.6+',
  },
  {
    crossing: '3.8.0',
    text: 'logging moves from log4j to logback: log4j.properties is no longer read',
  },
  {
    crossing: '3.9.0',
    text: 'FIPS mode is on by default: without fips-mode=false quorum SASL by DIGEST-MD5 and host name checks of quorum TLS stop working',
  },
];

/** Cautions of one hop, in order. */
export const cautionsOf = (from: string, to: string): string[] =>
  CAUTIONS.filter(
    ({ crossing }) => compareVersions(from, crossing) < 0 && atLeast(to, crossing),
  ).map(({ text }) => text);
