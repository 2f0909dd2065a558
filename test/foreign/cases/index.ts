/** The matrix of `npm run proof -- foreign`: software nobody here wrote, through every strategy. */
import type { Case } from '../../upgrade/cases/types';
import { moved, stretched } from './migrate';
import { grownAndShrunk, leaderReplaced } from './resize';
import { upgraded } from './upgrade';

export const foreignCases: Case[] = [upgraded, grownAndShrunk, leaderReplaced, stretched, moved];
