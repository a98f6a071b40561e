// Turns the tables of scripts/arrows.js into rules of dependency-cruiser.
import { bans, rooms, siblings } from './arrows.js'

const tests = '\\.test(\\.kit)?\\.ts$'
const literal = (text) => text.replaceAll('.', '\\.')

/** What to do about a broken rule, by its name. */
export const messages = new Map([
  ['no-cycles', 'Two files that need each other are one idea or three: move what both need into a file of its own.'],
  [
    'known-rooms',
    'No room of this name: add it to scripts/arrows.js with what it may import, or put the file into a room.',
  ],
])

/** All rules; their names are keys of {@link messages}. */
export function forbiddenImports() {
  return [...roomRules(), ...siblings.map(siblingRule), ...bans.map(banRule), cycleRule()]
}

/** Whether a source file lies in no room that scripts/arrows.js knows. */
export function unknownRoom(source) {
  const match = /^packages\/([^/]+)\/src\/([^/]+)/.exec(source)
  if (match === null || source.endsWith('.test.ts')) return false
  const [, name, room] = match
  return rooms[name] !== undefined && rooms[name][room] === undefined
}

function roomRules() {
  return Object.entries(rooms).flatMap(([name, table]) =>
    Object.entries(table)
      .filter(([, allowed]) => allowed !== '*')
      .map(([room, allowed]) => roomRule(name, room, allowed)),
  )
}

function roomRule(name, room, allowed) {
  const source = `^packages/${name}/src/`
  const open = [room, ...allowed].map((entry) => (entry.endsWith('.ts') ? `${literal(entry)}$` : `${entry}/`))
  const list = allowed.length === 0 ? 'nothing else of this package' : allowed.join(', ')
  return rule(
    `${name}-${room}`,
    `${room}/ may import ${list}. Pass the rest in as a parameter, or move the shared idea to where both may see it.`,
    { path: `${source}${room}/`, pathNot: tests },
    { path: source, pathNot: `${source}(${open.join('|')})` },
  )
}

function siblingRule({ room, what, member, shared = [], notShared = [], exempt = [] }) {
  const source = `^packages/${room}/`
  const message = `A ${what} never imports another ${what}: move what both need to a file they share, or say the difference as data.`
  const name = `${what}-siblings`
  if (member === 'folder') {
    const closed = ['[^/]+/', ...notShared.map((file) => `${literal(file)}$`)].join('|')
    return rule(
      name,
      message,
      { path: `${source}([^/]+)/`, pathNot: tests },
      { path: `${source}(${closed})`, pathNot: `${source}$1/` },
    )
  }
  const open = shared.map((file) => `${source}${literal(file)}$`)
  const free = [...shared, ...exempt].map((file) => `${source}${literal(file)}$`)
  return rule(
    name,
    message,
    { path: `${source}([^/]+)\\.ts$`, pathNot: [tests, ...free] },
    { path: `${source}[^/]+\\.ts$`, pathNot: [...open, `${source}$1\\.ts$`] },
  )
}

function banRule({ name, message, from, fromNot, to, toNot, exceptTests }) {
  const fromNots = [...(fromNot ? [fromNot] : []), ...(exceptTests ? [tests] : [])]
  return rule(
    name,
    message,
    { path: from, ...(fromNots.length > 0 ? { pathNot: fromNots } : {}) },
    { path: to, ...(toNot ? { pathNot: toNot } : {}) },
  )
}

function cycleRule() {
  return rule('no-cycles', messages.get('no-cycles'), {}, { circular: true })
}

function rule(name, message, from, to) {
  messages.set(name, message)
  return { name, comment: message, severity: 'error', from, to }
}
