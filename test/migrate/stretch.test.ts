import { stretched, stretchedAndBack } from './cases/stretch';

const cases = [
  stretched({ from: '3.8.4', to: '3.9.6' }),
  stretchedAndBack({ from: '3.9.4', to: '3.9.4' }),
];

test.each(cases)('$name', (one) => one.run(), 300_000);
