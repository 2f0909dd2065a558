import { movedAndBack } from './cases/physical';

const one = movedAndBack({ from: '3.4.14', to: '3.9.6' });

test(one.name, () => one.run(), 300_000);
