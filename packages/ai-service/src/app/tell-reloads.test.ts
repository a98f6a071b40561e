// What is told of reloads, in the order in which they come.
import { expect, test } from 'vitest'
import { mustLoad } from '../config/load.test.kit.ts'
import type { ReloadOutcome } from './reloader.ts'
import { tellReloads } from './tell-reloads.ts'

test('F41 a mended file that says what serves anyway is told once, after a refusal alone', async () => {
  const running = await mustLoad('server: {}')
  const lines: string[] = []
  const write =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level} ${message}`)
  const tell = tellReloads({
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    metrics: { recordReload: () => undefined },
    audit: { recordAdmin: () => undefined },
    redactor: { excerpt: (text) => text },
  })
  const unchanged: ReloadOutcome = { kind: 'unchanged', running }
  tell(unchanged, 'change')
  tell({ kind: 'rejected', running, problems: ['wrong'] }, 'change')
  tell(unchanged, 'change')
  tell(unchanged, 'change')
  expect(lines).toEqual([
    'debug the configuration is what it was',
    'error a configuration is not taken over; the one before goes on serving',
    'info the configuration is valid again; the one that serves stays',
    'debug the configuration is what it was',
  ])
})
