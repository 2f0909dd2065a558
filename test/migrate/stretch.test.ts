import { stretched } from './cases/stretch';

const cases = [stretched({ from: '3.8.4', to: '3.9.6' })];

test.each(cases)('$name', (one) => one.run(), 300_000);
