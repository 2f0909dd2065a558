import { movedAndBack } from './cases/physical';

const { name, run } = movedAndBack({ from: '3.4.14', to: '3.9.6' });

test(name, run, 300_000);
