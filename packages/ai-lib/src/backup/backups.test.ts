// Backups as an application has them: what is taken comes back, whatever the store does meanwhile.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Backups } from './backups.ts'
import { dayMs, folder, key, kinds, part, world } from './backups.test.kit.ts'
import { filePart } from './file-part.ts'
import { FolderStorage } from './folder-storage.ts'
import { MemoryStore, unreachable } from './memory-store.test.kit.ts'
import type { BackupPart } from './part.ts'

describe('a backup', () => {
  it('comes back byte for byte, its facts with it, readable by the owner alone', async () => {
    const source = folder()
    const content = randomBytes(1_300_000)
    writeFileSync(join(source, 'big.bin'), content)
    writeFileSync(join(source, 'empty'), '')
    const { backups } = world({
      storage: new FolderStorage(join(folder(), 'store')),
      options: { parts: [filePart(join(source, 'big.bin'), 'data/big.bin'), filePart(join(source, 'empty'))] },
    })
    const taken = await backups.now()
    expect(taken).toMatchObject({
      generation: 1,
      parts: [{ name: 'data/big.bin', bytes: 1_300_000 }, { name: 'empty' }],
    })
    const to = join(folder(), 'restored')
    const restored = await backups.restore({ to })
    expect(restored).toEqual({ manifest: taken, files: ['data/big.bin', 'empty'], warnings: [] })
    expect(readFileSync(join(to, 'data/big.bin')).equals(content)).toBe(true)
    expect(readFileSync(join(to, 'empty'), 'utf8')).toBe('')
    expect(statSync(join(to, 'data/big.bin')).mode & 0o777).toBe(0o600)
    expect(readdirSync(to)).toEqual(['data', 'empty'])
  })

  it('writes its manifest last, after every part was read back', async () => {
    const { backups, memory } = world()
    await backups.now()
    const folderOf = 'generations/0000000001/'
    expect(memory.asked.filter((line) => line.includes(folderOf)).map((line) => line.replace(folderOf, ''))).toEqual([
      'create claim',
      'create part-001',
      'read part-001',
      'create part-002',
      'read part-002',
      'create manifest',
      'read manifest',
      'read manifest',
    ])
  })

  it('leaves nothing readable in the store: neither content nor names', async () => {
    const { backups, memory } = world({
      options: { parts: [part('canary-name.yaml', 'canary-content', { f: 'canary-fact' })] },
    })
    await backups.now()
    for (const [name, { bytes }] of memory.objects)
      expect(`${name} ${bytes.toString('latin1')}`).not.toContain('canary')
  })

  it('has a key of its own for each generation: the same content is never sealed to the same bytes', async () => {
    const { backups, memory } = world()
    await backups.now()
    await backups.now()
    expect(memory.object(1, 'part-001').bytes.equals(memory.object(2, 'part-001').bytes)).toBe(false)
  })

  it('is one at a time, and counts up', async () => {
    const { backups, memory } = world()
    const taken = await Promise.all([backups.now(), backups.now(), backups.now()])
    expect(taken.map(({ generation }) => generation)).toEqual([1, 2, 3])
    const writes = memory.asked.filter((line) => line.startsWith('create gen')).map((line) => line.slice(26, 28))
    expect(writes).toEqual(writes.toSorted())
  })

  it('is taken without what is not there, and not at all where there is nothing', async () => {
    const absent = filePart(join(folder(), 'absent'))
    const { backups, memory } = world({ options: { parts: [absent, part('a', 'x')] } })
    expect((await backups.now()).parts.map(({ name }) => name)).toEqual(['a'])
    await expect(world({ options: { parts: [absent] }, storage: memory }).backups.now()).rejects.toMatchObject({
      code: 'service_backup_source',
    })
    expect(memory.keysOf(2)).toEqual([])
  })

  it('needs a key, an interval of a minute, and days', () => {
    expect(() => world({ options: { key: 'short' } })).toThrow('32 bytes')
    expect(() => world({ retentionDays: 0 })).toThrow('retentionDays')
    const config = { enabled: true, intervalMs: 59_999, retentionDays: 1, storage: new MemoryStore() }
    expect(() => new Backups(config, { key, parts: [] })).toThrow('one minute')
  })
})

describe('a restore', () => {
  it('overwrites nothing without force, a database’s companions included', async () => {
    const { backups } = world()
    await backups.now()
    for (const name of ['ai-service.yaml', 'data/audit.db', 'data/audit.db-wal']) {
      const to = folder()
      mkdirSync(join(to, 'data'))
      writeFileSync(join(to, name), 'mine')
      await expect(backups.restore({ to })).rejects.toThrow(`has ${name} already`)
      expect(readFileSync(join(to, name), 'utf8')).toBe('mine')
      writeFileSync(join(to, 'stays'), '')
      expect((await backups.restore({ to, force: true })).files).toEqual(['ai-service.yaml', 'data/audit.db'])
      expect(readFileSync(join(to, 'ai-service.yaml'), 'utf8')).toBe('server: {}\n')
      expect(existsSync(join(to, 'data/audit.db-wal'))).toBe(false)
      expect(readdirSync(to)).toEqual(['ai-service.yaml', 'data', 'stays'])
    }
  })

  it('as a dry run reads everything and writes nothing, also where it would refuse', async () => {
    const { backups, memory } = world()
    await backups.now()
    const to = join(folder(), 'not-made')
    expect((await backups.restore({ to, dryRun: true })).files).toHaveLength(2)
    expect(existsSync(to)).toBe(false)
    memory.object(1, 'part-002').bytes[5]! ^= 1
    await expect(backups.restore({ to, dryRun: true })).rejects.toThrow('part-002')
    expect(existsSync(to)).toBe(false)
  })

  it('F48 of an older generation warns, and so does a store that was set back', async () => {
    const stateFile = join(folder(), 'deep', 'state.json')
    const { backups, memory, events } = world({ options: { stateFile } })
    for (const _ of [1, 2, 3]) await backups.now()
    expect((await backups.restore({ to: folder(), generation: 1 })).warnings).toEqual([
      'Generation 1 is older than 3, the newest.',
    ])
    for (const name of memory.objects.keys()) if (name.includes('0000000003')) memory.objects.delete(name)
    const warning = 'Generation 3 was written from here and 2 is the newest at s3://memory'
    expect((await backups.restore({ to: folder() })).warnings).toEqual([expect.stringContaining(warning)])
    expect((await backups.list()).warnings).toEqual([expect.stringContaining(warning)])
    // The number of the one that went is not given away a second time.
    expect((await backups.now()).generation).toBe(4)
    expect(events).toContainEqual({ type: 'rollback-noticed', known: 3, newest: 2 })
  })

  it('reads what an earlier key sealed where that key is given too', async () => {
    const { backups, memory } = world()
    await backups.now()
    const next = randomBytes(32).toString('base64')
    const { backups: rotated } = world({ storage: memory, options: { key: next, previousKeys: [key] } })
    await rotated.now()
    expect(kinds(await rotated.verify())).toEqual(['2 good', '1 good'])
    expect(kinds(await backups.verify())).toEqual(['2 foreign', '1 good'])
  })
})

describe('F47 a store in trouble', () => {
  it.each(['claim', 'part-001', 'part-002', 'manifest'])(
    'that fails at %s: the failure is told, no candidate is left',
    async (name) => {
      const { backups, memory, events } = world()
      await backups.now()
      const before = [...memory.objects.keys()]
      memory.fault = (operation, object) =>
        operation === 'create' && object.endsWith(name) ? unreachable() : undefined
      await expect(backups.now()).rejects.toMatchObject({ code: 'service_backup_storage', retryable: true })
      expect([...memory.objects.keys()]).toEqual(before)
      expect(events.at(-1)).toMatchObject({ type: 'backup-failed' })
      memory.fault = () => undefined
      expect((await backups.now()).generation).toBe(2)
    },
  )

  it('that fails in the middle and for good: what is left has no manifest and goes after a day', async () => {
    const { backups, memory, events } = world()
    await backups.now()
    memory.fault = (operation, name) =>
      operation === 'remove' || (operation === 'create' && name.endsWith('part-002')) ? unreachable() : undefined
    await expect(backups.now()).rejects.toThrow('cannot be reached')
    memory.fault = () => undefined
    expect(memory.keysOf(2)).toEqual(['claim', 'part-001'])
    expect(kinds(await backups.list())).toEqual(['2 incomplete', '1 good'])
    expect((await backups.now()).generation).toBe(3)
    memory.nowMs += dayMs + 1
    await backups.now()
    expect(kinds(await backups.list())).toEqual(['4 good', '3 good', '1 good'])
    expect(events).toContainEqual({ type: 'generation-removed', generation: 2 })
  })

  it('that keeps other bytes than it was given: the backup does not count', async () => {
    for (const name of ['part-002', 'manifest']) {
      const { backups, memory } = world()
      memory.fault = (operation, object) => {
        const stored = memory.objects.get(object)
        if (operation === 'read' && object.endsWith(name) && stored) stored.bytes[stored.bytes.length - 40]! ^= 1
        return undefined
      }
      await expect(backups.now()).rejects.toThrow(`${name} is read back other than it was written`)
      expect(memory.keysOf(1)).toEqual([])
    }
  })

  it('whose listing lags: no generation is written twice, and none is removed for it', async () => {
    const { backups, memory } = world()
    await backups.now()
    memory.fault = (operation) => (operation === 'list' ? 'lagging' : undefined)
    expect((await backups.now()).generation).toBe(2)
    memory.fault = () => undefined
    expect(kinds(await backups.verify())).toEqual(['2 good', '1 good'])
  })

  it('whose answer got lost, so that the repeated request finds the object: it is our own', async () => {
    const { backups, memory } = world()
    memory.fault = (operation, object) => {
      if (operation === 'create') setStored(memory, object)
      return undefined
    }
    expect((await backups.now()).generation).toBe(1)
    expect(kinds(await backups.verify())).toEqual(['1 good'])
  })

  it('that says 412 to everything: it gives up and says why', async () => {
    const { backups, memory } = world()
    memory.fault = (operation) => (operation === 'create' ? 'exists' : undefined)
    await expect(backups.now()).rejects.toThrow('does it know If-None-Match')
    expect(memory.objects.size).toBe(0)
  })

  it('two writers in one place keep apart', async () => {
    const memory = new MemoryStore()
    const [one, two] = [world({ storage: memory }).backups, world({ storage: memory }).backups]
    const taken = await Promise.all([one.now(), two.now(), one.now(), two.now()])
    expect(new Set(taken.map(({ generation }) => generation)).size).toBe(4)
    expect((await one.verify()).generations.every(({ kind }) => kind === 'good')).toBe(true)
  })

  it('a failing retention or state file costs no backup', async () => {
    const inTheWay = join(folder(), 'file')
    writeFileSync(inTheWay, '')
    const { backups, memory, events } = world({
      retentionDays: 1,
      options: { stateFile: join(inTheWay, 'state.json') },
    })
    await backups.now()
    memory.nowMs += 3 * dayMs
    memory.fault = (operation) => (operation === 'remove' ? unreachable() : undefined)
    expect((await backups.now()).generation).toBe(2)
    expect(events.filter(({ type }) => type === 'upkeep-failed')).toHaveLength(3)
    expect(kinds(await backups.verify())).toEqual(['2 good', '1 good'])
  })
})

/** Stores the object before the request is looked at: as where the first of two requests went through. */
function setStored(memory: MemoryStore, object: string): void {
  const pending = memory.pending.get(object)
  if (pending && !memory.objects.has(object)) memory.objects.set(object, { bytes: pending, modifiedMs: memory.nowMs })
}

describe('retention', () => {
  it('removes generations past their days, the manifest before the parts, and keeps the newest', async () => {
    const { backups, memory, events } = world({ retentionDays: 2 })
    for (const _ of [1, 2]) await backups.now()
    memory.nowMs += 3 * dayMs
    memory.asked.length = 0
    await backups.now()
    expect(kinds(await backups.list())).toEqual(['3 good'])
    expect(events.filter(({ type }) => type === 'generation-removed')).toHaveLength(2)
    const removed = memory.asked.filter((line) => line.startsWith('remove')).map((line) => line.split('/').at(-1))
    expect(removed.slice(0, 4)).toEqual(['claim', 'manifest', 'part-001', 'part-002'])
  })

  it('never removes one that is being verified, here or elsewhere', async () => {
    const { backups, memory } = world({ retentionDays: 2 })
    await backups.now()
    memory.nowMs += 3 * dayMs
    // Another process holds it; the hold of one that died long ago does not count.
    memory.objects.set('holds/1-0123456789abcdef', { bytes: Buffer.alloc(1), modifiedMs: memory.nowMs - 1_000 })
    await backups.now()
    expect(kinds(await backups.list())).toEqual(['2 good', '1 good'])
    memory.nowMs += 7 * 3_600_000
    await backups.now()
    expect(kinds(await backups.list())).toEqual(['3 good', '2 good'])
    expect((await memory.list('holds/')).length).toBe(0)
  })

  it('verifies with credentials that may only read', async () => {
    const { backups, memory } = world()
    await backups.now()
    memory.fault = (operation) => (operation === 'create' || operation === 'remove' ? unreachable() : undefined)
    expect(kinds(await backups.verify())).toEqual(['1 good'])
  })
})

describe('the schedule of backups', () => {
  it('takes one soon, and stopping ends one under way without a candidate', async () => {
    let entered: () => void = () => undefined
    const begun = new Promise<void>((resolve) => {
      entered = resolve
    })
    const endless: BackupPart = {
      name: 'endless',
      open: async (signal) => ({
        content: (async function* () {
          entered()
          while (!signal.aborted) {
            yield Buffer.alloc(10)
            await new Promise((resolve) => setImmediate(resolve))
          }
        })(),
      }),
    }
    const { backups, memory } = world({ options: { parts: [part('a', 'x'), endless], random: () => 0 } })
    backups.start()
    await begun
    await backups.stop()
    expect(memory.objects.size).toBe(0)
    await expect(backups.now()).rejects.toThrow()
  })

  it('does nothing where it is not enabled', async () => {
    const memory = new MemoryStore()
    const config = { enabled: false, intervalMs: dayMs, retentionDays: 1, storage: memory }
    const backups = new Backups(config, { key, parts: [part('a', 'x')], random: () => 0 })
    backups.start()
    await backups.stop()
    expect(memory.asked).toEqual([])
  })
})
