/** There and back. The whole matrix: `npm run proof -- migrate`. */
import { stretchedAndBack } from './cases/stretch';

const stretch = stretchedAndBack({ from: '3.9.4', to: '3.9.4' });

test(stretch.name, () => stretch.run(), 300_000);
