/** No regular expression that text of others meets takes longer than in proportion to the text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { projectRoot } from '../../src/lab/projectRoot';

/** Where what comes over HTTP, or out of an inventory or a history, is looked at. */
const PLACES = ['src/api', 'src/model', 'src/adapters/identity', 'src/adapters/approvals'];

interface Found {
  where: string;
  expression: RegExp;
}

function expressionsOf(file: string): Found[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        where: `${file.slice(projectRoot().length + 1)}:${line + 1} ${node.text}`,
        expression: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = PLACES.flatMap((place) =>
  readdirSync(join(projectRoot(), place), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => expressionsOf(join(projectRoot(), place, name))),
);

const CHARACTERS = 'aA0 \t\n/.-_:,;%$#@"\'\\(){}[]=+*é\0';
const ENDINGS = ['', '!', '\n', '\0', ' ', '/'];
const LENGTH = 20_000;
/** Quadratic takes seconds at this length, exponential for ever. */
const MOST_MS = 150;

/** What is in the expression itself, again and again, and each character alone. */
function* attacks({ source }: RegExp): Generator<string> {
  const words = new Set([...CHARACTERS, ...(source.match(/[A-Za-z0-9]{2,}/g) ?? [])]);
  for (const pair of [
    'a/',
    '/a',
    'a.',
    'a-',
    'a:',
    '1,',
    'a=',
    '\\a',
    'a\n',
    '0x',
    '1.',
    '::',
    '""',
  ])
    words.add(pair);
  for (const word of words) {
    const long = word.repeat(Math.ceil(LENGTH / word.length));
    for (const ending of ENDINGS) {
      yield `${long}${ending}`;
      yield `/${long}${ending}`;
    }
  }
}

test('there are some', () => {
  expect(all.length).toBeGreaterThan(30);
});

test.each(all.map(({ where, expression }) => [where, expression] as const))(
  '%s',
  (_where, expression) => {
    for (const text of attacks(expression)) {
      const began = performance.now();
      expression.lastIndex = 0;
      expression.test(text);
      const tookMs = performance.now() - began;
      if (tookMs > MOST_MS) {
        // The machine may have been busy: what is slow is slow again.
        const again = performance.now();
        expression.lastIndex = 0;
        expression.test(text);
        const least = Math.min(tookMs, performance.now() - again);
        if (least > MOST_MS)
          throw new Error(`${least} ms for ${JSON.stringify(text.slice(0, 10))}… of ${LENGTH}`);
      }
    }
  },
);
