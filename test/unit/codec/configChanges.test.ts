import fc from 'fast-check';
import {
  applyConfigChanges,
  applyJavaEnvChanges,
  javaEnvVariable,
} from '../../../src/codec/configChanges';
import { parseZooCfg } from '../../../src/codec/zooCfg';
import type { ConfigChange } from '../../../src/model/plan';

const change = (setting: string, to?: string, file: ConfigChange['file'] = 'zoo.cfg') => ({
  file,
  setting,
  to,
  why: 'a test',
});

const ORIGINAL = [
  '# the ensemble of orders',
  'tickTime=2000',
  '',
  'dataDir = /var/lib/zookeeper',
  '  # indented comment',
  'server.1=zk1:2888:3888',
  '',
].join('\n');

describe('zoo.cfg', () => {
  test('a changed setting changes its own line and nothing else', () => {
    expect(applyConfigChanges(ORIGINAL, [change('tickTime', '3000')])).toBe(
      ORIGINAL.replace('tickTime=2000', 'tickTime=3000'),
    );
  });

  test('a new setting comes last', () => {
    expect(applyConfigChanges(ORIGINAL, [change('admin.enableServer', 'false')])).toBe(
      `${ORIGINAL}admin.enableServer=false\n`,
    );
  });

  test('a setting without value goes, every occurrence of it', () => {
    const text = 'a=1\nb=2\na=3\n';
    expect(applyConfigChanges(text, [change('a')])).toBe('b=2\n');
  });

  test('of a setting given twice the one that counts is changed', () => {
    expect(applyConfigChanges('a=1\nb=2\na=3\n', [change('a', '4')])).toBe('a=1\nb=2\na=4\n');
  });

  test('Windows line ends stay', () => {
    expect(applyConfigChanges('a=1\r\nb=2\r\n', [change('a', '5'), change('c', '3')])).toBe(
      'a=5\r\nb=2\r\nc=3\r\n',
    );
  });

  test('a setting that already is so leaves the text alone, blanks included', () => {
    const text = 'dataDir = /x';
    expect(applyConfigChanges(text, [change('dataDir', '/x')])).toBe(text);
  });

  test('changes of other files are passed over', () => {
    expect(applyConfigChanges(ORIGINAL, [change('x', 'y', 'java.env')])).toBe(ORIGINAL);
  });

  test('a line break in a value is refused', () => {
    expect(() => applyConfigChanges(ORIGINAL, [change('a', 'x\nserver.9=evil:1:2')])).toThrow(
      expect.objectContaining({ type: 'InvalidInput' }) as Error,
    );
  });
});

const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,8}$/);
const value = fc.stringMatching(/^[A-Za-z0-9/:;.,*\\-]([A-Za-z0-9/:;., *\\-]{0,10}[A-Za-z0-9])?$/);
const line = fc.oneof(
  fc.tuple(key, value).map(([k, v]) => `${k}=${v.replaceAll('\\', '\\\\')}`),
  fc.constantFrom('', '# comment', '  ! note'),
);
const text = fc
  .tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
  .map(
    ([lines, ending, closed]) => lines.join(ending) + (closed && lines.length > 0 ? ending : ''),
  );
const changes = fc.array(
  fc.tuple(key, fc.option(value, { nil: undefined })).map(([k, v]) => change(k, v)),
  { maxLength: 4 },
);

describe('for any zoo.cfg and any changes', () => {
  test('the settings afterwards are those before with the changes', () => {
    fc.assert(
      fc.property(text, changes, (before, wanted) => {
        const expected = new Map(Object.entries(parseZooCfg(before).settings));
        for (const { setting, to } of wanted) {
          if (to === undefined) expected.delete(setting);
          else expected.set(setting, to);
        }
        const after = parseZooCfg(applyConfigChanges(before, wanted)).settings;
        expect(after).toEqual(Object.fromEntries(expected));
      }),
    );
  });

  test('doing it twice is doing it once', () => {
    const distinct = fc.uniqueArray(
      fc.tuple(key, fc.option(value, { nil: undefined })).map(([k, v]) => change(k, v)),
      { selector: ({ setting }) => setting, maxLength: 4 },
    );
    fc.assert(
      fc.property(text, distinct, (before, wanted) => {
        const once = applyConfigChanges(before, wanted);
        expect(applyConfigChanges(once, wanted)).toBe(once);
      }),
    );
  });

  test('a temporary setting leaves no trace', () => {
    fc.assert(
      fc.property(text, value, (before, v) => {
        const setting = 'snapshot.trust.empty';
        const during = applyConfigChanges(before, [change(setting, v)]);
        expect(parseZooCfg(during).settings[setting]).toBe(v);
        expect(applyConfigChanges(during, [change(setting)])).toBe(before);
      }),
    );
  });
});

describe('java.env', () => {
  const env = '#!/bin/sh\nexport SERVER_JVMFLAGS="-Xmx1g -Da=b"\nJAVA_HOME=/opt/jdk\n';
  const apply = (before: string, setting: string, to?: string): string =>
    applyJavaEnvChanges(before, [change(setting, to, 'java.env')]);

  test('a flag is added, changed and taken out inside SERVER_JVMFLAGS', () => {
    const added = apply(env, '-Dzookeeper.x', 'true');
    expect(javaEnvVariable(added, 'SERVER_JVMFLAGS')).toBe('-Xmx1g -Da=b -Dzookeeper.x=true');
    expect(apply(added, '-Dzookeeper.x', 'true')).toBe(added);
    expect(apply(added, '-Dzookeeper.x')).toBe(env);
    expect(javaEnvVariable(apply(env, '-Xmx', '2g'), 'SERVER_JVMFLAGS')).toBe('-Da=b -Xmx2g');
  });

  test('where there was no variable, a flag leaves no trace', () => {
    for (const before of ['', 'JAVA_HOME=/opt/jdk\n', '# nothing']) {
      const during = apply(before, '-Dx', 'y');
      expect(javaEnvVariable(during, 'SERVER_JVMFLAGS')).toBe('-Dx=y');
      expect(apply(during, '-Dx')).toBe(before);
    }
  });

  test('other variables and lines stay as they are', () => {
    expect(apply(env, 'JAVA_HOME', '/opt/jdk17')).toBe(
      env.replace('JAVA_HOME=/opt/jdk', 'JAVA_HOME="/opt/jdk17"'),
    );
    expect(apply(env, 'JAVA_HOME')).toBe(env.replace('JAVA_HOME=/opt/jdk\n', ''));
  });
});
