import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** Which part may import which: the arrows of docs/architecture.md. Everything not listed is refused. */
const mayImport = {
  model: [],
  codec: ['model'],
  tree: ['model', 'codec'],
  planning: ['model', 'codec'],
  adapters: ['model', 'codec', 'tree', 'planning'],
  activities: ['model', 'codec', 'tree', 'planning', 'adapters'],
  workflows: ['model', 'planning'],
  worker: ['model', 'adapters', 'activities', 'workflows'],
  lab: ['model', 'codec', 'tree', 'adapters', 'worker'],
  cli: [
    'model',
    'codec',
    'tree',
    'planning',
    'adapters',
    'activities',
    'worker',
    'lab',
    'console',
    'api',
  ],
  api: ['model', 'codec', 'tree', 'planning', 'adapters', 'activities'],
  console: ['model'],
};

const ioModules = [
  'fs',
  'net',
  'http',
  'https',
  'child_process',
  'dns',
  'os',
  'tls',
  'dgram',
  'worker_threads',
  'timers',
  'path',
  'crypto',
  'process',
  'stream',
  'readline',
].flatMap((name) => [name, `${name}/*`, `node:${name}`, `node:${name}/*`]);

/** Types do no IO. */
const forbidden = (patterns, message) => ({
  '@typescript-eslint/no-restricted-imports': [
    'error',
    { patterns: [{ group: patterns, message, allowTypeImports: true }] },
  ],
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.js'] } },
      'boundaries/include': [
        'src/**/*.ts',
        'workflows/**/*.ts',
        'activities/**/*.ts',
        'worker/**/*.ts',
      ],
      'boundaries/elements': [
        ...['model', 'codec', 'tree', 'planning', 'adapters', 'api', 'cli', 'console', 'lab'].map(
          (type) => ({
            type,
            pattern: `src/${type}`,
          }),
        ),
        ...['workflows', 'activities', 'worker'].map((type) => ({
          type,
          pattern: type,
        })),
      ],
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          message:
            '{{from.element.type}} may not import {{to.element.type}}: see docs/architecture.md',
          policies: [
            ...Object.entries(mayImport).map(([from, to]) => ({
              from: { element: { type: from } },
              allow: [from, ...to].map((type) => ({ to: { element: { type } } })),
            })),
            // A workflow names activities by their types only; their code never enters the sandbox.
            {
              from: { element: { type: 'workflows' } },
              allow: [{ to: { element: { type: 'activities' } }, dependency: { kind: 'type' } }],
            },
          ],
        },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  {
    files: ['src/model/**/*.ts', 'src/codec/**/*.ts', 'src/tree/**/*.ts', 'src/planning/**/*.ts'],
    rules: {
      // Ports name the types of streams; a type does no IO.
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ioModules.filter((name) => !name.includes('crypto')),
              message: 'model, codec, tree and planning are pure: no IO.',
              allowTypeImports: true,
            },
          ],
        },
      ],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      ...forbidden(
        [
          ...ioModules,
          '@temporalio/client',
          '@temporalio/worker',
          '@temporalio/activity',
          'zookeeper',
          'node-ssh',
        ],
        'workflow code is deterministic: no IO.',
      ),
      'no-restricted-globals': [
        'error',
        { name: 'fetch', message: 'workflow code is deterministic: no IO.' },
        { name: 'process', message: 'workflow code is deterministic: no environment.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'use uuid4 of @temporalio/workflow.' },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
