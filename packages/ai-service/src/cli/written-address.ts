// Where the service listens as far as a configuration says it that is refused as a whole: the one that runs may be older.
import { readFile } from 'node:fs/promises'
import { findConfig } from '../config/find-config.ts'
import { readDocument } from '../config/read-document.ts'
import type { Addressed } from './ask-self.ts'
import type { CliParts } from './context.ts'
import type { ConfigOptions } from './load-or-report.ts'

export async function writtenAddress(parts: CliParts, { config }: ConfigOptions): Promise<Addressed> {
  const { env, cwd, systemFolder } = parts
  const path = findConfig({
    env,
    cwd,
    ...(config === undefined ? {} : { configPath: config }),
    ...(systemFolder === undefined ? {} : { systemFolder }),
  })
  const server = path === undefined ? {} : await serverSection(path)
  const { host, port } = server
  return {
    host: typeof host === 'string' ? host : env['AI_SERVICE_HOST'] || '127.0.0.1',
    port: validPort(port) ?? validPort(env['AI_SERVICE_PORT']) ?? 8080,
    ...('tls' in server ? { tls: server.tls } : {}),
  }
}

async function serverSection(path: string): Promise<{ host?: unknown; port?: unknown; tls?: unknown }> {
  try {
    const document = readDocument(await readFile(path, 'utf8'), path)
    const value = document.kind === 'document' ? document.value : undefined
    const server = typeof value === 'object' && value !== null && 'server' in value ? value.server : undefined
    return typeof server === 'object' && server !== null ? server : {}
  } catch {
    return {} // The loader has told already why it cannot be read.
  }
}

function validPort(value: unknown): number | undefined {
  const port = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
}
