/**
 * Plans as people read them: each file under scenarios/ is an ensemble in few words, a line `---`, and the
 * text of its plan. UPDATE_SCENARIOS=1 writes the texts anew; a changed text is to be understood, not accepted.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../../src/model/plan';
import { renderPlanText } from '../../../src/planning/renderPlan';
import { planRollback, type TouchedTurn } from '../../../src/planning/rollbackPlan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { parseEnsemble, upgradeTo } from './ensembles';

const directory = join(__dirname, 'scenarios');
const separator = '\n---\n';

interface Scenario {
  target: string;
  servers: string[];
  drainHook: boolean;
  margin: number;
  touched: TouchedTurn[];
  led35OrNewer: boolean;
}

/** Lines: `target V`, `drain hook`, `margin N`, `touched zk1 A B yes|no`, `led 3.5+`, else a server; `#` comments. */
function parse(text: string): Scenario {
  const scenario: Scenario = {
    target: '',
    servers: [],
    drainHook: false,
    margin: 0,
    touched: [],
    led35OrNewer: false,
  };
  for (const line of text.split('\n').map((part) => part.trim())) {
    const [word = '', ...rest] = line.split(/\s+/);
    if (line === '' || line.startsWith('#')) continue;
    if (word === 'target') scenario.target = rest[0]!;
    else if (line === 'drain hook') scenario.drainHook = true;
    else if (word === 'margin') scenario.margin = Number(rest[0]);
    else if (line === 'led 3.5+') scenario.led35OrNewer = true;
    else if (word === 'touched') {
      const [server = '', from = '', to = '', upgraded] = rest;
      scenario.touched.push({ server, from, to, upgraded: upgraded === 'yes' });
    } else scenario.servers.push(line);
  }
  return scenario;
}

function planned(scenario: Scenario): string {
  const facts = parseEnsemble(scenario.servers.join('\n'));
  const input = upgradeTo(scenario.target);
  const plan = planRollingUpgrade(facts, input, {
    margin: scenario.margin,
    hasDrainHook: scenario.drainHook,
  });
  if (scenario.touched.length === 0) return shown(plan);
  const back = planRollback(plan, facts, scenario.touched, {
    led35OrNewer: scenario.led35OrNewer,
    waits: input,
    hasDrainHook: scenario.drainHook,
  });
  return back.possible ? shown(back.plan) : `refused: ${back.reason}`;
}

/** The hash covers more than is shown; here it would only make every change look large. */
const shown = (plan: Plan): string =>
  renderPlanText(plan).replace(/^plan [0-9a-f]{64}$/m, 'plan <hash>');

describe('a plan reads as recorded:', () => {
  const names = readdirSync(directory).filter((name) => name.endsWith('.txt'));
  test('there are scenarios', () => expect(names.length).toBeGreaterThan(5));
  test.each(names)('%s', (name) => {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    const [head = '', recorded] = text.split(separator);
    const actual = planned(parse(head));
    if (process.env['UPDATE_SCENARIOS'] === '1')
      writeFileSync(path, `${head.trimEnd()}${separator}${actual}\n`);
    else expect(actual).toBe(recorded?.trimEnd());
  });
});
