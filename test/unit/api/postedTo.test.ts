/** Addresses that webhooks may be at. */
import { refusalOf } from '../../../src/adapters/http/postJson';

test.each([
  '169.254.169.254',
  '100.100.100.200',
  '::ffff:169.254.169.254',
  '::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::6464:64c8',
  '2002:a9fe:a9fe::1',
  '2002:e000:1::',
  '::',
  'fd00:ec2::254',
])('nothing is posted to %s', (address) => {
  expect(refusalOf(address)).toContain('nothing is posted there');
});

test.each([
  ...['127.0.0.1', '::1', '10.0.0.7', '100.100.100.201', 'fd00::7', '2a00:1450::5'],
  ...['64:ff9b::a00:7', '2002:a00:7::1', '::ffff:10.0.0.7'],
])('%s may be posted to', (address) => {
  expect(refusalOf(address)).toBeUndefined();
});
