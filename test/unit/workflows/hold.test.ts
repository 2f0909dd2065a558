/** What keeps runs apart: of backups and drills, one an ensemble and repository. */
import { holdId } from '../../../workflows/run/hold';

test('ensembles that share a repository are held apart', () => {
  const repository = '0123456789abcdef0123456789abcdef';
  const [orders, stock] = ['orders', 'stock'].map((name) => holdId(`backup-${repository}-${name}`));
  expect(orders).not.toBe(stock);
});
