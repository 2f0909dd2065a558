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
  'fd20:ce::254',
  '168.63.129.16',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:1:a9:fe:a9fe::',
  '64:ff9b:1:7:a9:fea9:fe00:0',
  '::ffff:0:169.254.169.254',
  '2001:0:1234::5601:5601',
  '2001:0:1234::57c0:7eef',
])('nothing is posted to %s', (address) => {
  expect(refusalOf(address)).toContain('nothing is posted there');
});

test.each([
  ...['127.0.0.1', '::1', '10.0.0.7', '100.100.100.201', 'fd00::7', '2a00:1450::5'],
  ...['64:ff9b::a00:7', '2002:a00:7::1', '::ffff:10.0.0.7'],
  ...['64:ff9b:1::a00:7', '64:ff9b:1:a00:0:700::', '::ffff:0:10.0.0.7', '2001:0:1234::f5ff:fff8'],
  ...['168.63.129.17', 'fd20:ce::255', '2001:4860:4860::8888'],
])('%s may be posted to', (address) => {
  expect(refusalOf(address)).toBeUndefined();
});

test('of an address that stands for another it is said which, and what that is', () => {
  expect(refusalOf('::a9fe:a9fe')).toBe(
    '::a9fe:a9fe stands for 169.254.169.254, which is link-local: nothing is posted there',
  );
});
