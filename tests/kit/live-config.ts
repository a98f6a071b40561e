// Another configuration for a service that runs: its own listeners, and other sections below them.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, logLines } from '../faults/asking.ts'
import type { RunningService } from './service.ts'

export function configFileOf({ folder }: RunningService): string {
  return join(folder, 'ai-service.yaml')
}

const sections = new WeakMap<RunningService, string>()

/** The `server:` section as the kit wrote it. */
export function serverSectionOf(service: RunningService): string {
  const section = sections.get(service) ?? readServerSection(service)
  sections.set(service, section)
  return section
}

function readServerSection(service: RunningService): string {
  const lines = readFileSync(configFileOf(service), 'utf8').split('\n')
  const end = lines.findIndex((line, index) => index > 0 && /^\S/.test(line))
  return `${lines.slice(0, end === -1 ? undefined : end).join('\n')}\n`
}

/** Replaces the file as tools do that care: whoever reads sees the old text or the new one. */
export function replaceConfig(service: RunningService, yaml: string): void {
  replaceText(service, `${serverSectionOf(service)}${yaml}\n`)
}

export function replaceText(service: RunningService, text: string): void {
  serverSectionOf(service)
  const file = configFileOf(service)
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

const tookOver = 'another configuration was taken over'
const refused = 'a configuration is not taken over; the one before goes on serving'

/** What the log says of reloads, in order. */
export function reloadsOf(service: RunningService): readonly Record<string, unknown>[] {
  return logLines(service).filter(({ message }) => message === tookOver || message === refused)
}

/** Does something, and waits for the reload that comes of it; its log line. */
export async function reloadAfter(service: RunningService, change: () => void): Promise<Record<string, unknown>> {
  const before = reloadsOf(service).length
  change()
  await eventually(() => reloadsOf(service).length > before, 'a reload')
  return reloadsOf(service)[before] ?? {}
}
