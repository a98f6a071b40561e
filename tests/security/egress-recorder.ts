// Loaded into the service before anything else: writes down every host that the process looks up or connects to.
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

const file = process.env['EGRESS_FILE']

function note(kind: 'lookup' | 'connect', what: string): void {
  if (file !== undefined) appendFileSync(file, `${kind} ${what}\n`)
}

/** Puts a note before a method. */
function watch(owner: object, name: string, tell: (given: readonly unknown[]) => void): void {
  const method: unknown = Reflect.get(owner, name)
  if (typeof method !== 'function') throw new Error(`There is no ${name} to watch.`)
  Reflect.set(owner, name, function watched(this: unknown, ...given: unknown[]): unknown {
    tell(given)
    return Reflect.apply(method, this, given)
  })
}

for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveSrv', 'resolveTxt']) {
  watch(dns, name, ([host]) => note('lookup', String(host)))
  watch(dns.promises, name, ([host]) => note('lookup', String(host)))
}

// Every TCP connection of Node, those of TLS and http included, goes through this one method.
watch(Socket.prototype, 'connect', (given) => note('connect', placeOf(given)))
syncBuiltinESMExports()

// `net.connect` hands its arguments over as one list.
function placeOf(given: readonly unknown[]): string {
  const options: unknown = Array.isArray(given[0]) ? given[0][0] : given[0]
  if (typeof options !== 'object' || options === null) return given.slice(0, 2).map(String).join(' ')
  const at = (name: string): unknown => Reflect.get(options, name)
  return `${String(at('host') ?? at('path'))}:${String(at('port'))}`
}
