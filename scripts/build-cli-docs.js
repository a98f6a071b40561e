// Writes docs/reference/cli.md from the command line itself: commands, arguments, options, examples, exit codes.
import { writeFileSync } from 'node:fs'
import { commandPages, exitMeanings, leavesOf } from '../packages/ai-service/src/cli/command-pages.ts'
import { createProgram } from '../packages/ai-service/src/cli/program.ts'

const intro = `# Command line

<!-- Written by \`node scripts/build-cli-docs.js\` from packages/ai-service/src/cli; change the commands, not this page. -->

\`ai-service [command]\`; in a checkout \`npx ai-service [command]\` after \`npm ci && npm run build\`. \`--help\` behind any of
them says what stands here. Commands that look at a store (\`audit\`, \`backup\`, \`restore\`) need no running service.
`

const later = 'not available in this version'

const callerKeys = `## Caller keys

A key is \`ais_<id>_<secret><checksum>\`: 256 random bits in base62 and a CRC-32 in base62 that tells typing mistakes from
keys before anything is looked up. Only its HMAC-SHA-256 is kept. Where a configuration holds the key itself, as
\`auth.keys[].secret\` or \`AI_SERVICE_CALLER_KEY\`, any 32 to 256 random printable characters will do. SDKs send it as
\`Authorization: Bearer\`, \`x-api-key\`, \`x-goog-api-key\` or \`api-key\`.
`

/** The program, and its commands: those that are here, and those that only say that they are not. */
export function describedProgram() {
  const nothing = { write: () => undefined }
  const program = createProgram({ version: '', stdout: nothing, stderr: nothing }, () => undefined)
  const leaves = leavesOf(program)
  const isLater = ({ command }) => command.description() === later
  return { program, here: leaves.filter((leaf) => !isLater(leaf)), missing: leaves.filter(isLater) }
}

/** The whole page. */
export function renderCliReference() {
  const { program, here, missing } = describedProgram()
  return [
    intro,
    `${table(['command', 'what it does'], here.map(overviewRow))}`,
    ...(missing.length === 0
      ? []
      : [`Not available in this version: ${missing.map(({ words }) => code(words)).join(', ')}.\n`]),
    `## For all commands\n\n${optionTable(program.options)}`,
    ...here.map(section),
    `## Exit codes\n\n${table(
      ['code', 'meaning'],
      exitMeanings.map((row) => [String(row.code), row.meaning]),
    )}`,
    callerKeys,
  ].join('\n')
}

function overviewRow({ words, command }) {
  return [`[${code(words)}](#${words.replaceAll(' ', '-')})`, plainSentence(command.description())]
}

function section({ words, command }) {
  const { more, examples = [] } = commandPages[words] ?? {}
  const shown = command.options.length === 0 ? [] : [optionTable(command.options)]
  // What the default command takes is for naming the nearest of the others.
  const list = words === 'start' ? [] : command.registeredArguments
  const taken = list.map((one) => [code(`[${one.name()}]`), plainSentence(one.description)])
  return [
    `## ${words}\n\n${sentence(command.description())}${more === undefined ? '' : ` ${more}`}\n`,
    ...(taken.length === 0 ? [] : [table(['argument', 'meaning'], taken)]),
    ...shown,
    `\`\`\`sh\n${exampleLines(examples)}\n\`\`\`\n`,
  ].join('\n')
}

function exampleLines(examples) {
  const width = Math.max(...examples.map(({ run }) => run.length))
  return examples.map(({ run, says }) => `${run.padEnd(width)}   # ${says}`).join('\n')
}

function optionTable(options) {
  const rows = options.map(({ flags, description, defaultValue }) => {
    const value = typeof defaultValue === 'string' ? ` (default: ${code(defaultValue)})` : ''
    return [code(flags), `${plainSentence(description)}${value}`]
  })
  return table(['option', 'meaning'], rows)
}

function table(heads, rows) {
  const lines = rows.map((cells) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`)
  return `| ${heads.join(' | ')} |\n|${heads.map(() => '---|').join('')}\n${lines.join('')}`
}

function code(text) {
  return `\`${text}\``
}

/** Placeholders as `<id>` would be tags of HTML outside of code. */
function plainSentence(text) {
  return text.replaceAll('<', '&lt;')
}

function sentence(text) {
  const plain = plainSentence(text)
  return `${plain.slice(0, 1).toUpperCase()}${plain.slice(1)}.`
}

if (process.argv[1] === import.meta.filename)
  writeFileSync(new URL('../docs/reference/cli.md', import.meta.url), renderCliReference())
