// Nothing that was altered, cut, swapped or sealed by somebody else is ever restored, and the refusal says what and where.
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BackupOptions } from './backup-config.ts'
import { folder, kinds, world } from './backups.test.kit.ts'
import type { MemoryStore } from './memory-store.test.kit.ts'

describe('F48 T37 a restore refuses, and names what and where', () => {
  /** Two generations; `alter` spoils the second. Nothing may be written, and `verify` must say the same. */
  async function refusal(alter: (memory: MemoryStore) => void, reader: Partial<BackupOptions> = {}): Promise<string> {
    const { backups, memory } = world()
    await backups.now()
    await backups.now()
    alter(memory)
    const { backups: again } = world({ storage: memory, options: reader })
    const to = folder()
    const message = await again.restore({ to }).then(
      () => 'restored',
      (fault: Error) => fault.message,
    )
    expect(readdirSync(to)).toEqual([])
    const [second] = (await again.verify()).generations
    expect(second?.kind).not.toBe('good')
    return message
  }
  const flip = (memory: MemoryStore, name: string, at: number): void => {
    const { bytes } = memory.object(2, name)
    bytes[at < 0 ? bytes.length + at : at]! ^= 1
  }
  const swap = (memory: MemoryStore, name: string): void => {
    memory.object(2, name).bytes = Buffer.from(memory.object(1, name).bytes)
  }

  it.each([
    ['a part’s first byte', 'part-002', 0, 'data/audit.db (generations/0000000002/part-002): block 1 '],
    ['a part’s middle', 'part-002', 300_000, 'part-002): block 2 '],
    ['a part’s last byte', 'part-002', -1, 'part-002): block 3, the last,'],
    ['the manifest’s sealed body', 'manifest', 300, 'the manifest was altered, or belongs to another generation'],
  ])('a flipped bit in %s', async (_, name, at, named) => {
    const message = await refusal((memory) => flip(memory, name, at))
    expect(message).toContain('eneration 2')
    expect(message).toContain(named)
  })

  it.each(['part-001', 'part-002'])('an older set’s %s in place of its own', async (name) => {
    expect(await refusal((memory) => swap(memory, name))).toContain(`${name}): block 1`)
  })

  it('an older set’s manifest, or the whole older set, in its place', async () => {
    expect(await refusal((memory) => swap(memory, 'manifest'))).toContain('belongs to another generation')
    const message = await refusal((memory) => {
      for (const name of ['manifest', 'part-001', 'part-002']) swap(memory, name)
    })
    expect(message).toContain('belongs to another generation')
  })

  it('parts of one generation that were exchanged', async () => {
    const message = await refusal((memory) => {
      const [first, second] = [memory.object(2, 'part-001'), memory.object(2, 'part-002')]
      const { bytes } = first
      first.bytes = second.bytes
      second.bytes = bytes
    })
    expect(message).toContain('ai-service.yaml (generations/0000000002/part-001): block 1')
  })

  it.each([0, 16, 262_160, 700_000])('a part cut off after %s bytes', async (length) => {
    const message = await refusal((memory) => {
      const object = memory.object(2, 'part-002')
      object.bytes = object.bytes.subarray(0, length)
    })
    expect(message).toMatch(/part-002\): block \d/)
  })

  it('a part that is missing', async () => {
    const message = await refusal((memory) => memory.objects.delete('generations/0000000002/part-002'))
    expect(message).toContain('data/audit.db (generations/0000000002/part-002): the object is missing')
  })

  it('the backup of another key, by the key’s id', async () => {
    const message = await refusal(() => undefined, { key: randomBytes(32).toString('hex') })
    expect(message).toMatch(/Generation 2 at s3:\/\/memory: it is sealed with another key \(id [0-9a-f]{16}\)/)
  })

  it('what is no manifest at all', async () => {
    for (const text of ['', 'null', '[]', '{}', '{"format":"ai-backup/1"}', 'x'.repeat(2 * 1024 * 1024)]) {
      const message = await refusal((memory) => void (memory.object(2, 'manifest').bytes = Buffer.from(text)))
      expect(message).toMatch(/no manifest|lacks a field|larger than/)
    }
  })

  it('a set without a manifest is no candidate: the one before it is restored, or named as incomplete', async () => {
    const { backups, memory } = world()
    await backups.now()
    await backups.now()
    memory.objects.delete('generations/0000000002/manifest')
    expect((await backups.restore({ to: folder() })).manifest.generation).toBe(1)
    await expect(backups.restore({ to: folder(), generation: 2 })).rejects.toThrow('the upload never ended')
    expect(kinds(await backups.verify())).toEqual(['2 incomplete', '1 good'])
  })

  it('a generation that is not there, and an empty store', async () => {
    const { backups } = world()
    await expect(backups.restore({ to: folder() })).rejects.toThrow('There is no complete backup at s3://memory')
    await backups.now()
    await expect(backups.restore({ to: folder(), generation: 7 })).rejects.toThrow('There is no generation 7')
    await expect(backups.verify(7)).rejects.toThrow('There is no generation 7')
  })
})
