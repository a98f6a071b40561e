// Fills in `stores:`; the kinds of store that a later version has are refused by name.
import { join, resolve } from 'node:path'
import { Secret } from 'ai-lib/internal/errors/secret'
import type { Building } from './building.ts'
import { dataFolder } from './data-folder.ts'
import type { DatabaseConfig, SharedStore, StoresConfig } from './config.ts'
import { NOT_YET } from './field.ts'
import type { Path } from './problem.ts'
import { readUrlValue } from './url-value.ts'

export async function resolveStores(building: Building): Promise<StoresConfig> {
  const stores = building.file.stores ?? {}
  const database = await readStore(
    stores.database ?? `sqlite:${join(dataFolder(building), 'ai-service.db')}`,
    'database',
    building,
  )
  const shared = await readStore(stores.shared ?? 'memory', 'shared', building)
  return {
    database: resolveDatabase(database ?? 'sqlite:', building),
    shared: readShared(shared, stores.prefix ?? 'ai-service', building),
  }
}

const databasePath: Path = ['stores', 'database']

function resolveDatabase(text: string, building: Building): DatabaseConfig {
  if (/^postgres(?:ql)?:/.test(text)) {
    const url = URL.parse(text)
    if (url === null || url.hostname === '' || url.pathname.length < 2)
      building.findings.problem(databasePath, 'found no whole URL, expected postgres://user@host:5432/name')
    const password = url?.password ? [new Secret(decoded(url.password))] : []
    const shown = url === null ? 'postgres:' : `postgres://${url.host}${url.pathname}`
    const localPath = join(dataFolder(building), 'ai-service')
    return { kind: 'postgres', url: { url: new Secret(text), shown }, secrets: password, localPath }
  }
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1]
  if (file === undefined && text !== 'sqlite:')
    building.findings.problem(databasePath, 'found something else, expected sqlite:./path or postgres://…')
  const path = resolve(building.folder, file ?? '')
  return { kind: 'sqlite', path, localPath: path }
}

function readShared(text: string | undefined, prefix: string, building: Building): SharedStore {
  if (text === undefined || text === 'memory') return { kind: 'memory' }
  const url = URL.parse(text)
  const isKnown = url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== ''
  // The client would turn anything else behind the slash into a command that the server refuses.
  if (!isKnown || !/^\/?\d{0,4}$/.test(url.pathname) || url.search !== '' || url.hash !== '') {
    refuse(text, ['stores', 'shared'], 'memory, or redis://host:6379/0 (rediss:// for TLS)', building)
    return { kind: 'memory' }
  }
  const password = url.password === '' ? [] : [new Secret(decoded(url.password))]
  const shown = `${url.protocol}//${url.host}${url.pathname}`
  return { kind: 'valkey', url: { url: new Secret(text), shown }, secrets: password, prefix }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A lone % is a password of its own kind.
  }
}

function readStore(text: string, name: string, building: Building): Promise<string | undefined> {
  return readUrlValue(text, ['stores', name], building)
}

function refuse(text: string, path: Path, expected: string, { findings }: Building): void {
  const scheme = /^(postgres|postgresql):/.exec(text)?.[1]
  if (scheme === undefined) findings.problem(path, `found something else, expected ${expected}`)
  else findings.problem(path, `${NOT_YET}: ${path.join('.')} ${scheme}`)
}
