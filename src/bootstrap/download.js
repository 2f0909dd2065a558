'use strict';
/** One file over https, bounded in size and time. */
const fs = require('node:fs');
const { get } = require('node:https');
const { pipeline } = require('node:stream/promises');

const MAX_REDIRECTS = 5;

function request(url, signal, redirects) {
  return new Promise((resolve, reject) => {
    get(url, { signal }, (response) => {
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location && redirects > 0) {
        response.resume();
        const next = new URL(headers.location, url);
        if (next.protocol !== 'https:') reject(new Error(`${url} leads to ${next}, not https`));
        else resolve(request(next.href, signal, redirects - 1));
      } else if (statusCode === 200) resolve(response);
      else {
        response.resume();
        reject(new Error(`${url} answered ${statusCode}`));
      }
    }).once('error', reject);
  });
}

/** Writes what `url` holds to `file`. Throws, naming the URL, past `maxBytes` or `timeoutMs`. */
async function download(url, file, { maxBytes, timeoutMs }) {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await request(url, signal, MAX_REDIRECTS);
    let bytes = 0;
    response.on('data', (piece) => {
      bytes += piece.length;
      if (bytes > maxBytes) response.destroy(new Error(`it is larger than ${maxBytes} bytes`));
    });
    await pipeline(response, fs.createWriteStream(file), { signal });
  } catch (error) {
    throw new Error(`can't fetch ${url}: ${error.code ?? error.message}`, { cause: error });
  }
}

module.exports = { download };
