/**
 * A session for requests that need not come from the same one each time: where it has expired another is opened. A
 * request that finds its session expired was not carried out, so that it is sent again without harm.
 */
import type { SessionOptions, ZkSession } from '../../model/ports';
import { zooKeeperCode } from './errors';
import { openSession } from './session';

export async function openRenewedSession(options: SessionOptions): Promise<ZkSession> {
  return new RenewedSession(options, await openSession(options));
}

class RenewedSession implements ZkSession {
  private renewal: Promise<void> | undefined;

  constructor(
    private readonly options: SessionOptions,
    private current: ZkSession,
  ) {}

  get sessionId(): string {
    return this.current.sessionId;
  }

  get ended(): ZkSession['ended'] {
    return this.current.ended;
  }

  create(...args: Parameters<ZkSession['create']>): Promise<string> {
    return this.ask((session) => session.create(...args));
  }

  get(path: string): ReturnType<ZkSession['get']> {
    return this.ask((session) => session.get(path));
  }

  set(...args: Parameters<ZkSession['set']>): ReturnType<ZkSession['set']> {
    return this.ask((session) => session.set(...args));
  }

  exists(path: string): ReturnType<ZkSession['exists']> {
    return this.ask((session) => session.exists(path));
  }

  children(path: string): Promise<string[]> {
    return this.ask((session) => session.children(path));
  }

  delete(...args: Parameters<ZkSession['delete']>): Promise<void> {
    return this.ask((session) => session.delete(...args));
  }

  sync(path: string): Promise<void> {
    return this.ask((session) => session.sync(path));
  }

  getAcl(path: string): ReturnType<ZkSession['getAcl']> {
    return this.ask((session) => session.getAcl(path));
  }

  setAcl(...args: Parameters<ZkSession['setAcl']>): Promise<void> {
    return this.ask((session) => session.setAcl(...args));
  }

  reconfig(...args: Parameters<ZkSession['reconfig']>): Promise<void> {
    return this.ask((session) => session.reconfig(...args));
  }

  close(): Promise<void> {
    return this.current.close();
  }

  private async ask<T>(act: (session: ZkSession) => Promise<T>): Promise<T> {
    const { current } = this;
    try {
      return await act(current);
    } catch (error) {
      if (zooKeeperCode(error) !== 'SessionExpired') throw error;
      if (this.current === current) await this.renew();
      return act(this.current);
    }
  }

  private renew(): Promise<void> {
    this.renewal ??= openSession(this.options)
      .then((session) => void (this.current = session))
      .finally(() => (this.renewal = undefined));
    return this.renewal;
  }
}
