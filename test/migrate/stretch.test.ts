/** All the way over. There and back, and the whole matrix: `npm run proof -- migrate`. */
import { stretched } from './cases/stretch';

const stretch = stretched({ from: '3.8.4', to: '3.9.6' });

test(stretch.name, () => stretch.run(), 300_000);
