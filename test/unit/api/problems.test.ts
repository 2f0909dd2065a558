/** What people read of an error: its title, and where in the request it is. */
import { ZkferryError } from '../../../src/model/errors';
import { problemOf } from '../../../src/api/problems';

test.each([
  ['ZooKeeperRequestFailed', 'ZooKeeper request failed'],
  ['RunNotFound', 'Run not found'],
] as const)('%s is a title in words', (type, title) => {
  expect(problemOf(new ZkferryError(type, 'no'))).toMatchObject({ title });
});

test.each([
  ['params', 'the path is not usable'],
  ['querystring', 'the query is not usable'],
  ['body', 'the body is not usable'],
])('a field of %s is one of a request, not of a framework', (validationContext, said) => {
  const error = Object.assign(new Error('no'), {
    ...{ code: 'FST_ERR_VALIDATION', validationContext },
    validation: [
      {
        ...{ keyword: 'custom', instancePath: '/ticket', schemaPath: '#', message: 'too long' },
        ...{ params: { issue: {} }, name: 'ZodFastifySchemaValidationError' },
        [Symbol.for('ZodFastifySchemaValidationError')]: true,
      },
    ],
  });
  expect(problemOf(error)).toMatchObject({ detail: `${said}:\nticket: too long` });
});
