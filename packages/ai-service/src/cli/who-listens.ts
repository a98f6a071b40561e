// Which process listens on a port, as far as this user may see; on Linux alone.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/** `nginx (pid 812)`; undefined where nobody is found, or nobody may be seen. */
export function whoListens(port: number): string | undefined {
  try {
    const sockets = new Set(
      ['tcp', 'tcp6'].flatMap((table) => listening(readFileSync(`/proc/net/${table}`, 'utf8'), port)),
    )
    if (sockets.size === 0) return undefined
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsAny(name, sockets))
    return pid && `${nameOf(pid)} (pid ${pid})`
  } catch {
    return undefined // There is no /proc here, or the process has just gone.
  }
}

/** The program, and the script where it is an interpreter; never the arguments, which may hold secrets. */
function nameOf(pid: string): string {
  const [program = '', script = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const isScript = /^(?:node|python|ruby|perl|java)/.test(basename(program)) && /^[\w./-]+\.[a-z]{1,4}$/.test(script)
  return isScript ? `${basename(program)} ${basename(script)}` : basename(program)
}

const listenState = '0A'

/** Links as /proc/<pid>/fd has them, of sockets that listen on the port. */
function listening(table: string, port: number): readonly string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      return state === listenState && local.endsWith(`:${hexPort}`) ? [`socket:[${inode}]`] : []
    })
}

function holdsAny(pid: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((fd) => sockets.has(readlinkSync(`${folder}/${fd}`)))
  } catch {
    return false // Somebody else's process, or one that has just gone.
  }
}
