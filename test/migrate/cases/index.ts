import type { Case } from '../../upgrade/cases/types';
import {
  carriedWhileLeadersDie,
  carriedWhileTemporalDies,
  copiedWhileLeadersDie,
  copiedWhileWorkersDie,
  movedWhileLeaderDies,
  movedWhileNewLeaderDies,
  movedWhileTemporalDies,
  movedWhileWorkersDie,
} from './faults';
import { copied, copiedAndBack, strayWriteTold } from './logical';
import { moved, movedAndBack } from './physical';
import {
  stretched,
  stretchedAndBack,
  stretchedWhileLeadersDie,
  stretchedThoughHeld,
  stretchedWhileTemporalDies,
  stretchedWhileWorkersDie,
} from './stretch';

export const migrateCases: Case[] = [
  stretched({ from: '3.8.4', to: '3.9.6' }),
  stretched({ from: '3.8.4', to: '3.9.6', newServers: 5 }),
  stretchedAndBack({ from: '3.9.4', to: '3.9.4' }),
  stretchedAndBack({ from: '3.8.4', to: '3.9.6' }),
  stretchedAndBack({ from: '3.8.4', to: '3.9.6' }, true),
  stretchedWhileWorkersDie({ from: '3.8.4', to: '3.9.6' }),
  stretchedThoughHeld({ from: '3.8.4', to: '3.9.6' }),
  stretchedWhileTemporalDies({ from: '3.8.4', to: '3.9.6' }),
  stretchedWhileLeadersDie({ from: '3.8.4', to: '3.9.6' }),
  moved({ from: '3.4.14', to: '3.9.6' }),
  moved({ from: '3.8.6', to: '3.9.6' }),
  moved({ from: '3.4.14', to: '3.9.6', newServers: 5 }),
  movedAndBack({ from: '3.8.6', to: '3.9.6' }),
  movedAndBack({ from: '3.4.14', to: '3.9.6' }),
  movedWhileWorkersDie({ from: '3.8.6', to: '3.9.6' }),
  movedWhileLeaderDies({ from: '3.4.14', to: '3.9.6' }),
  movedWhileLeaderDies({ from: '3.8.6', to: '3.9.6' }),
  movedWhileNewLeaderDies({ from: '3.8.6', to: '3.9.6' }),
  copied({ from: '3.4.14', to: '3.9.6' }),
  copied({ from: '3.8.6', to: '3.9.6', newServers: 5 }),
  strayWriteTold({ from: '3.8.6', to: '3.9.6' }),
  copiedAndBack({ from: '3.4.14', to: '3.9.6' }),
  copiedAndBack({ from: '3.8.6', to: '3.9.6' }),
  movedWhileTemporalDies({ from: '3.8.6', to: '3.9.6' }),
  carriedWhileTemporalDies('physical', { from: '3.8.6', to: '3.9.6' }),
  carriedWhileTemporalDies('logical', { from: '3.8.6', to: '3.9.6' }),
  carriedWhileLeadersDie('physical', { from: '3.8.6', to: '3.9.6' }),
  carriedWhileLeadersDie('logical', { from: '3.8.6', to: '3.9.6' }),
  copiedWhileWorkersDie({ from: '3.8.6', to: '3.9.6' }),
  copiedWhileLeadersDie({ from: '3.8.6', to: '3.9.6' }),
];
