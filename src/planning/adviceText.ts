/** Advice on a migration, for people: in full for terminals, in short where room is scarce. */
import type { ManualChange, MigrationAdvice, ModeAdvice } from '../model/migrationAdvice';
import { durationText } from './planText';
import { wrap } from './wrap';

const TEXT = '             ';
const MORE = '               ';

/** Blocks of lines, each under a heading of its own. */
export const adviceBlocks = ({ modes, manual, users, unknown }: MigrationAdvice): string[][] => [
  ['Ways to move it, the best first', ...modes.flatMap(modeLines)],
  users.length === 0
    ? []
    : [
        'Who uses it',
        ...users.flatMap(({ software, root, paths, means }) =>
          wrap(`${software} at ${root} (${paths.join(', ')}): ${means}`, '  ', '    '),
        ),
      ],
  manual.length === 0
    ? []
    : [
        'To be changed by hand',
        ...manual.flatMap(({ what, where, why }) => [
          ...wrap(`${what}: ${where}`, '  ', '    '),
          ...wrap(`why ${why}`, '    ', '        '),
        ]),
      ],
  unknown.length === 0 ? [] : ['Not known', ...unknown.flatMap((text) => wrap(text, '  ', '    '))],
];

const modeLines = (advice: ModeAdvice): string[] => [
  ...wrap(`${advice.mode.padEnd(9)}  ${verdictOf(advice)}`, '  ', TEXT),
  ...listed('keeps', advice.keeps),
  ...listed('loses', advice.loses.length > 0 ? advice.loses : ['nothing']),
  ...each('why', advice.reasons),
  ...each('needs', advice.needs),
];

const listed = (label: string, texts: readonly string[]): string[] =>
  wrap(`${label.padEnd(5)} ${texts.join(', ')}`, TEXT, `${MORE}    `);

const each = (label: string, texts: readonly string[]): string[] =>
  texts.flatMap((text) => wrap(`${label.padEnd(5)} ${text}`, TEXT, `${MORE}    `));

const verdictOf = ({ possible, recommended, expectedOutageMs }: ModeAdvice): string => {
  const state = recommended ? 'recommended' : possible ? 'possible' : 'not possible';
  // Of what is refused no plan is made in full: its figure would promise something.
  return possible && expectedOutageMs !== undefined
    ? `${state}; writes wait for about ${durationText(expectedOutageMs)}`
    : state;
};

/** A line a mode, a line a change. */
export const adviceInShort = ({
  modes,
  manual,
}: MigrationAdvice): { label: string; text: string }[] => [
  ...modes.map((advice) => ({ label: advice.mode, text: shortOf(advice) })),
  ...manual.map(({ what, where }: ManualChange) => ({
    label: 'by hand',
    text: `${what}: ${where}`,
  })),
];

function shortOf(advice: ModeAdvice): string {
  const { possible, loses, reasons } = advice;
  return possible
    ? `${verdictOf(advice)}; loses ${loses.join(', ') || 'nothing'}`
    : `${verdictOf(advice)}: ${reasons.join('; ')}`;
}
