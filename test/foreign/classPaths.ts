/** What the foreign clients run with: jars of their publishers, and our own programs compiled against them. */
import { join } from 'node:path';
import { ensureForeignClassPath } from '../../src/lab/bootstrap';
import { projectRoot } from '../../src/lab/projectRoot';

const JAVA = join(projectRoot(), 'test', 'foreign', 'java');

const classPath = (client: string, programs: string[]): Promise<string> =>
  ensureForeignClassPath(
    join(JAVA, `${client}.pom.xml`),
    programs.map((name) => join(JAVA, `${name}.java`)),
  );

export const kafkaClassPath = (): Promise<string> => classPath('kafka', ['Told', 'KafkaLoad']);

export const curatorClassPath = (): Promise<string> =>
  classPath('curator', ['Told', 'Ledger', 'CuratorWorkload']);

/** Where levels and appenders of their logs are set. */
export const LOG_SETTINGS = `-Dlog4j.configuration=file:${join(JAVA, 'log4j.properties')}`;
