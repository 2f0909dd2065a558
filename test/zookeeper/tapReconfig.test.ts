import type { Lab } from '../../src/lab/lab';
import { reconfigLab, reconfigUnderTap } from '../support/reconfigUnderTap';
import { startLab } from './support';

let lab: Lab;

afterEach(() => lab?.destroy());

test('a tap stays through a reconfiguration, and follows a leader moved by one', async () => {
  lab = await startLab(reconfigLab('tapx-reconfig', '3.9.6'));
  await reconfigUnderTap(lab);
});
