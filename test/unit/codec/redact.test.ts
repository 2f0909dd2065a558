import { redactSettings } from '../../../src/codec/redact';

test.each([
  ['ssl.keyStore.password=hunter2', 'ssl.keyStore.password=<redacted>'],
  ['  ssl.quorum.trustStore.password = hunter2', '  ssl.quorum.trustStore.password =<redacted>'],
  ['tickTime=2000', 'tickTime=2000'],
  [
    'export JVMFLAGS="-Xmx1g -Dzookeeper.ssl.keyStore.password=hunter2 -Dx=1"',
    'export JVMFLAGS="-Xmx1g -Dzookeeper.ssl.keyStore.password=<redacted> -Dx=1"',
  ],
  ['export ZK_PASSWORD=hunter2', 'export ZK_PASSWORD=<redacted>'],
  ['# a comment about passwords', '# a comment about passwords'],
])('%s', (line, expected) => {
  expect(redactSettings(`a=1\n${line}\nb=2`)).toBe(`a=1\n${expected}\nb=2`);
});
