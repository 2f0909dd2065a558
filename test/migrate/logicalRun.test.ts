/** There and back. The whole matrix: `npm run proof -- migrate`. */
import { copiedAndBack } from './cases/logical';

const copy = copiedAndBack({ from: '3.4.14', to: '3.9.6' });

test(copy.name, () => copy.run(), 300_000);
