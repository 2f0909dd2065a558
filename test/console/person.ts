/** Somebody before the console of a real server, in a browser of their own. */
import { strict as assert } from 'node:assert';
import { mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import type { ApiInstallation } from '../api/support';
import { openBrowser, withScreenshot, type Browser } from '../support/browser';
import {
  accessibilityFaults,
  policyViolations,
  sayInstead,
  watch,
  type Watched,
} from './inThePage';

/** Directory; without it no pictures are taken. */
const PICTURES = process.env.ZKFERRY_SCREENSHOTS;
const PICTURE = { width: 1_280, height: 860 };
const MOST_PICTURE_BYTES = 200 * 1_024;
/** What stands in pictures for the directories of the installation, which are this machine's. */
const NEUTRAL = '/var/lib/zkferry';
/** Real servers share the machine with each other and with two browsers. */
const DEADLINE_MS = 60_000;

export class Person {
  private constructor(
    private readonly installation: ApiInstallation,
    private readonly name: string,
    private readonly browser: Browser,
    private readonly watched: Watched,
  ) {}

  /** @param name as the installation knows them */
  static async come(installation: ApiInstallation, name: string): Promise<Person> {
    const browser = await openBrowser();
    browser.page.setDefaultTimeout(DEADLINE_MS);
    return new Person(installation, name, browser, await watch(browser.page));
  }

  get page(): Page {
    return this.browser.page;
  }

  /** From the address of the server alone. */
  async signIn(): Promise<void> {
    await this.page.goto(this.installation.url);
    assert.equal(new URL(this.page.url()).pathname, '/console/');
    await this.page.getByLabel('API token').fill(this.installation.people[this.name]!.token);
    await this.page.keyboard.press('Enter');
    await this.page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
  }

  async go(route: string): Promise<void> {
    await this.page.goto(`${this.installation.url}/console/#${route}`);
  }

  see(text: string | RegExp): Promise<void> {
    return withScreenshot(this.page, `looking for ${text}`, () =>
      this.page.getByText(text).first().waitFor(),
    );
  }

  press(name: string | RegExp): Promise<void> {
    return withScreenshot(this.page, `pressing ${name}`, () =>
      this.page.getByRole('button', { name }).click(),
    );
  }

  /** Opens the dialog of a deed, does it, and waits until the server has taken it. */
  async decide(opens: string, confirm: string | RegExp, comment?: string): Promise<void> {
    await this.press(opens);
    const dialog = this.page.getByRole('dialog');
    await dialog.waitFor();
    if (comment !== undefined) await dialog.getByLabel('Comment').fill(comment);
    await this.isUsable();
    await withScreenshot(this.page, `confirming ${confirm}`, async () => {
      await dialog.getByRole('button', { name: confirm }).click();
      await dialog.waitFor({ state: 'detached' });
    });
  }

  /** The page as it is has no accessibility fault, and nothing was complained about. */
  async isUsable(): Promise<void> {
    assert.deepEqual(await accessibilityFaults(this.page), []);
    await this.isClean();
  }

  /** Nothing on the browser's console, and nothing that the policy of the server forbids. */
  async isClean(): Promise<void> {
    // That the server was gone is what a test of it wants.
    const errors = this.watched.errors.filter((text) => !text.includes('net::ERR_'));
    assert.deepEqual(errors, []);
    assert.deepEqual(await policyViolations(this.page), []);
  }

  /** For the documentation, where it is asked for. */
  async picture(file: string, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    if (PICTURES === undefined) return;
    const { page } = this;
    const before = page.viewportSize()!;
    await page.setViewportSize(PICTURE);
    await page.emulateMedia({ colorScheme });
    await page.mouse.move(0, 0);
    const { lab, directory } = this.installation.harness;
    await sayInstead(page, [
      // A host of the lab is a directory.
      ...lab.servers.map((server): [string, string] => [server.directory, '']),
      ...[lab.directory, directory].map((one): [string, string] => [one, NEUTRAL]),
    ]);
    mkdirSync(PICTURES, { recursive: true });
    const path = join(resolve(PICTURES), `${file}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(before);
    assert.ok(statSync(path).size < MOST_PICTURE_BYTES, `${path} is larger than 200 KiB`);
  }

  leave(): Promise<void> {
    return this.browser.close();
  }
}
