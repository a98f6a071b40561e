// Who looks into the trail needs no key of any provider, and the configuration's other mistakes are told as ever.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSimulator } from 'ai-simulator'
import { expect, test } from 'vitest'
import { chatBody, post } from '../faults/asking.ts'
import { runCommand } from '../kit/command.ts'
import { startService } from '../kit/service.ts'

test('audit tail and audit verify run without the variables of provider keys', async () => {
  const upstream = await startSimulator()
  const service = await startService({
    yaml: `providers:\n  openai: { baseUrl: "${upstream.url}/v1", private: true, keys: [ { secret: env:THE_KEY } ] }`,
    env: { THE_KEY: 'sk-the-key-0123456789' },
  })
  try {
    expect((await post(service.url, '/v1/chat/completions', chatBody('openai/echo'))).status).toBe(200)
    const setup = { cwd: service.folder }
    const tail = await runCommand(['audit', 'tail', '--json'], setup)
    expect([tail.code, tail.err]).toEqual([0, ''])
    expect(tail.out).toContain('"kind":"start"')
    expect(await runCommand(['audit', 'verify'], setup)).toMatchObject({ code: 0, err: '' })
    expect((await runCommand(['check'], setup)).err).toContain('env:THE_KEY is not set')
    appendFileSync(join(service.folder, 'ai-service.yaml'), 'adit: {}\n')
    const mistaken = await runCommand(['audit', 'verify'], setup)
    expect([mistaken.code, mistaken.err]).toEqual([78, expect.stringContaining('did you mean audit?')])
  } finally {
    await service.stop()
    await upstream.close()
  }
})
