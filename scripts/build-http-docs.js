// Writes the tables of docs/reference/http.md from what serves them: routes, headers, and the types of errors by status.
//
// The sentences between the tables are written by hand, on the page itself; each table stands between two marks.
import { readFileSync, writeFileSync } from 'node:fs'
import { AiError } from '../packages/ai-lib/src/errors/ai-error.ts'
import { errorTable } from '../packages/ai-lib/src/errors/error-codes.ts'
import { operations } from '../packages/ai-lib/src/dialects/registry.ts'
import { requestHeaders, responseHeaders } from '../packages/ai-service/src/http/header-descriptions.ts'
import { describeRoute } from '../packages/ai-service/src/http/route-descriptions.ts'
import { routes } from '../packages/ai-service/src/http/routes.ts'

const file = new URL('../docs/reference/http.md', import.meta.url)
const source = 'written by `node scripts/build-http-docs.js`; change the code, not this table'
const code = (text) => `\`${text}\``
const cell = (text) => text.replaceAll('|', '\\|')

const tables = {
  routes: () => table(['route', 'form', 'goes to', 'caller key'], routes.map(routeRow)),
  'request headers': () =>
    table(
      ['header', 'meaning', 'and then'],
      requestHeaders.map(({ names, meaning, on }) => [names.map(code).join(', '), meaning, on]),
    ),
  'response headers': () =>
    table(
      ['header', 'on', 'meaning'],
      responseHeaders.map(({ names, meaning, on }) => [names.map(code).join(', '), on, meaning]),
    ),
  'error types': () => table(['status', 'OpenAI `type`', 'Anthropic `type`'], errorTypeRows()),
}

/** The page with its tables written anew. @throws where a mark is missing. */
export function renderHttpReference(page) {
  return Object.entries(tables).reduce((text, [name, render]) => {
    const begin = `<!-- ${name}: ${source} -->\n`
    const end = `<!-- end of ${name} -->\n`
    const [before, rest, ...others] = text.split(begin)
    const after = rest?.split(end)[1]
    if (others.length > 0 || after === undefined) throw new Error(`docs/reference/http.md lacks the marks of: ${name}`)
    return `${before}${begin}\n${render()}\n${end}${after}`
  }, page)
}

function table(heads, rows) {
  const lines = rows.map((cells) => `| ${cells.map(cell).join(' | ')} |\n`)
  return `| ${heads.join(' | ')} |\n|${heads.map(() => '---|').join('')}\n${lines.join('')}`
}

function routeRow({ method, path, route }) {
  const { form, goesTo, access } = describeRoute(route)
  return [code(`${method} ${path}`), form, goesTo, access === 'caller' ? 'yes' : 'no']
}

/** What each dialect calls an error of a status, asked of the writers themselves. */
function errorTypeRows() {
  const rows = new Map()
  for (const { status, code: some } of answerStatuses()) {
    const types = [typeIn(operations.chat.wire, some), typeIn(operations.messages.wire, some)].map(code)
    const key = types.join()
    const [statuses] = rows.get(key) ?? [[]]
    rows.set(key, [[...statuses, status], ...types])
  }
  return [...rows.values()].map(([statuses, ...types]) => [statuses.join(', '), ...types])
}

// 499 is never sent.
function answerStatuses() {
  const codes = Object.entries(errorTable).filter(([name, { status }]) => status !== 499 && !name.startsWith('config_'))
  const byStatus = new Map(codes.map(([name, { status }]) => [status, name]))
  return [...byStatus].toSorted(([one], [other]) => one - other).map(([status, name]) => ({ status, code: name }))
}

function typeIn(wire, name) {
  return JSON.parse(Buffer.from(wire.writeFailure(new AiError(name), 'before-body', ''))).error.type
}

if (process.argv[1] === import.meta.filename) writeFileSync(file, renderHttpReference(readFileSync(file, 'utf8')))
