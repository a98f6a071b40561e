// Writes docs/reference/errors.md from the table of error codes, so that the page lists what the service can answer.
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const intro = `# Errors

<!-- Written by \`node scripts/build-errors-docs.js\` from packages/ai-lib/src/errors/error-codes.ts; change the table, not this page. -->

Every error has a code from this closed table. The prefix says who can mend it. The message that a client gets is the
one below, and behind it what exactly is wrong and what to do. It never holds a key, an address of an upstream, a stack
or another caller's text. How errors look in each dialect, and what stands in a stream that has begun, is in
[http.md](http.md#errors). The library throws the same codes as \`AiError\` ([library.md](library.md#errors)).

"Again" says whether the same request may succeed later without being changed. Where the service knows when, it says so
in \`retry-after\`. Where it has already repeated the request as often as it may, it adds \`x-should-retry: false\`.
`

const sections = [
  ['caller', 'The caller', 'The request is at fault. Change it; nothing was sent to a provider.'],
  ['policy', 'A rule of this service', 'The operator of the service has set a rule, and this request breaks it.'],
  [
    'provider',
    'The provider',
    'A provider refused or failed. A refusal of the request itself passes with its status, if that is 400, 413, 415 or 422, and with the provider’s words, from which keys and addresses are taken out.',
  ],
  ['service', 'The service itself', 'The service could not do its part. The log has more under the request id.'],
  ['config', 'The configuration', 'Never an answer to a request: the commands and the library report it.'],
]

/** The whole page. */
export function renderErrorsReference(errorTable) {
  const codes = Object.keys(errorTable)
  const parts = sections.map(([prefix, title, text]) => {
    const rows = codes.filter((code) => code.startsWith(`${prefix}_`)).map((code) => row(code, errorTable[code]))
    return `## ${title}\n\n${text}\n\n| code | status | again | message |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return [intro, ...parts].join('\n')
}

function row(code, { status, retryable, message }) {
  return `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${message.replaceAll('|', '\\|')} |`
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { errorTable } = await import('../packages/ai-lib/src/errors/error-codes.ts')
  writeFileSync(new URL('../docs/reference/errors.md', import.meta.url), renderErrorsReference(errorTable))
}
