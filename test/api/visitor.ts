/** A browser without pages: it keeps cookies as their path and host say, and follows redirections one by one. */

interface Cookie {
  host: string;
  path: string;
  value: string;
}

export class Visitor {
  private readonly jar = new Map<string, Cookie>();

  /** Value of the cookie of that name. */
  cookie(name: string): string | undefined {
    return this.jar.get(name)?.value;
  }

  forget(name: string): void {
    this.jar.delete(name);
  }

  /** One request, and no other. */
  async go(url: string, form?: Record<string, string>): Promise<Response> {
    const { host, pathname } = new URL(url);
    const cookie = [...this.jar]
      .filter(([, one]) => one.host === host && pathname.startsWith(one.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie !== '' && { cookie }) },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const given of response.headers.getSetCookie()) this.keep(host, given);
    return response;
  }

  /** Where it leads to. */
  async led(url: string, form?: Record<string, string>): Promise<string> {
    const response = await this.go(url, form);
    const location = response.headers.get('location');
    if (location === null)
      throw new Error(`${url} leads nowhere: ${response.status} ${await response.text()}`);
    return new URL(location, url).href;
  }

  private keep(host: string, given: string): void {
    const [pair, ...attributes] = given.split('; ');
    const at = pair!.indexOf('=');
    const [name, value] = [pair!.slice(0, at), pair!.slice(at + 1)];
    const of = (attribute: string) =>
      attributes
        .find((one) => one.toLowerCase().startsWith(`${attribute}=`))
        ?.slice(attribute.length + 1);
    const expires = of('expires');
    if (value === '' || (expires !== undefined && Date.parse(expires) <= Date.now()))
      this.jar.delete(name);
    else this.jar.set(name, { host, path: of('path') ?? '/', value });
  }
}
