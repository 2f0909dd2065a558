/** What is to become of one connection string in a client's file, on the way there and on the way back. */
import {
  formatConnectString,
  parseConnectString,
  sameConnection,
  splitChroot,
  type ConnectString,
} from '../../model/connectString';
import type { ClientSide, Sides } from '../../model/redirect';
import { connectStringOf, movedChroot, standingOf } from './sides';

export type Change =
  /** It leads to the wanted side already. */
  | { kind: 'none' }
  /** Servers as text, and the chroot to have, empty for none. */
  | { kind: 'set'; servers: string; chroot: string }
  /** It is what nobody has planned to replace: what it was expected to be, and what it shall be in the end. */
  | { kind: 'refuse'; expected: string; wanted: string };

/** `planned`: what it said when the plan was made; without it any that leads to the old side is led over. */
export function changeThere(connection: ConnectString, sides: Sides, planned?: string): Change {
  const standing = standingOf(connection, sides);
  if (standing === 'new') return { kind: 'none' };
  const former = planned === undefined ? undefined : parseConnectString(planned, 'planned');
  if (former !== undefined && !sameConnection(connection, former))
    return { kind: 'refuse', expected: planned!, wanted: formatConnectString(led(former, sides)) };
  const chroot = movedChroot(connection.chroot, sides);
  if (standing !== 'other' && chroot !== undefined)
    return { kind: 'set', servers: serversOf(sides.to), chroot };
  return {
    kind: 'refuse',
    expected: connectStringOf(sides.from),
    wanted: connectStringOf(sides.to),
  };
}

/**
 * Of a file that somebody has changed since it was edited.
 * @param before what it said before the edit, where that is known: it gets it back to the letter if it still says what was
 * written
 */
export function changeBack(connection: ConnectString, sides: Sides, before?: string): Change {
  const back = { from: sides.to, to: sides.from };
  const standing = standingOf(connection, back);
  if (standing === 'new') return { kind: 'none' };
  const former = before === undefined ? undefined : parseConnectString(before, 'before');
  if (former !== undefined && sameConnection(connection, led(former, sides)))
    return { kind: 'set', servers: splitChroot(before!.trim()).servers, chroot: former.chroot };
  const chroot = movedChroot(connection.chroot, back);
  if (standing !== 'other' && chroot !== undefined)
    return { kind: 'set', servers: serversOf(sides.from), chroot };
  return {
    kind: 'refuse',
    expected:
      former === undefined ? connectStringOf(sides.to) : formatConnectString(led(former, sides)),
    wanted: before ?? connectStringOf(sides.from),
  };
}

/** What an edit makes of it. */
function led(connection: ConnectString, sides: Sides): ConnectString {
  const change = changeThere(connection, sides);
  return change.kind === 'set'
    ? parseConnectString(change.servers + change.chroot, 'wanted')
    : connection;
}

const serversOf = ({ servers }: ClientSide): string => connectStringOf({ servers });
