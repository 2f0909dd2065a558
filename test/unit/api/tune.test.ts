/** Tuning nothing is a mistake. */
import { somethingToTune } from '../../../src/api/routes/controls';

test('what is given is passed on, zero as well', () => {
  expect(somethingToTune({ soakMs: 0 })).toEqual({ soakMs: 0 });
});

test.each([{}, { soakMs: undefined }])('%j is nothing to tune', (given) => {
  expect(() => somethingToTune(given)).toThrow('nothing to tune');
});
