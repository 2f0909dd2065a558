import { loadavg } from 'node:os';
import { round } from '../figure';

/** Of the last minute, the bench's own share included: beside other work on the machine a figure says less. */
export const loadAverage = (): number => round(loadavg()[0]!, 1);
