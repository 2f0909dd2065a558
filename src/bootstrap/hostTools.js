'use strict';
/** Programs of the machine that the lab stands on. */
const fs = require('node:fs');
const path = require('node:path');
const { isExecutable, which } = require('./commands');

/** sshd must be started by its absolute path; it is often outside an ordinary user's PATH. */
const findSshd = () => which('sshd', ['/usr/sbin', '/usr/local/sbin', '/sbin']);

const findChromium = () =>
  ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
    .map((name) => which(name))
    .find(Boolean);

/** Directory that holds bin/java: `JAVA_HOME`, else that of `java` on PATH with links resolved. */
function findJavaHome() {
  const { JAVA_HOME } = process.env;
  if (JAVA_HOME && isExecutable(path.join(JAVA_HOME, 'bin', 'java'))) return JAVA_HOME;
  const java = which('java');
  return java === undefined ? undefined : path.dirname(path.dirname(fs.realpathSync(java)));
}

module.exports = { findChromium, findJavaHome, findSshd };
