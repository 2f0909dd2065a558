import { copied, copiedAndBack } from './cases/logical';

const cases = [
  copied({ from: '3.4.14', to: '3.9.6' }),
  copiedAndBack({ from: '3.8.6', to: '3.9.6' }),
];

test.each(cases)('$name', (one) => one.run(), 300_000);
