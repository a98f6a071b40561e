// Bytes for a target: untouched where they can be, changed only at their spans where they must be.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinPieces } from '../bytes/pieces.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Quirks } from '../dialects/dialect.ts'
import { operations } from '../dialects/registry.ts'
import { AiError } from '../errors/ai-error.ts'
import type { ProviderSpec } from '../providers/provider.ts'
import { providerSpecs } from '../providers/registry.ts'
import { chooseLane } from './choose-lane.ts'
import { type Asked, type PreparedRequest, prepareRequest, type PrepareOptions } from './prepare-request.ts'
import { largeBodyBytes, translateRequest, type TranslationJob } from './translate-request.ts'

function specOf(name: string): ProviderSpec {
  const spec = providerSpecs.get(name)
  if (!spec) throw new Error(name)
  return spec
}

function laneOf(asked: 'chat' | 'messages' | 'embeddings', provider: string) {
  const lane = chooseLane(asked, specOf(provider))
  if (lane.kind === 'unsupported') throw new Error(`${provider} ${asked}`)
  return lane
}

function asking(text: string, operation: 'chat' | 'messages' | 'embeddings' = 'chat', pieceBytes = Infinity): Asked {
  const bytes = Buffer.from(text)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += Math.min(pieceBytes, bytes.length))
    pieces.push(bytes.subarray(at, Math.min(bytes.length, at + pieceBytes)))
  return {
    body: pieces,
    head: operations[operation].wire.peek(bytes),
    canonical(): ChatRequest {
      const lane = laneOf('chat', 'anthropic')
      if (lane.kind !== 'translate') throw new Error('translates')
      return lane.from.dialect.readRequest(bytes)
    },
  }
}

function prepare(asked: Asked, model: string, options: PrepareOptions, quirks: Quirks = {}): PreparedRequest {
  const prepared = prepareRequest(asked, laneOf('chat', 'openai'), { model, quirks }, options)
  if (prepared instanceof Promise) throw new Error('nothing here is waited for')
  return prepared
}

const textOf = ({ body }: PreparedRequest): string => Buffer.from(joinPieces(body)).toString()
const noUsage: PrepareOptions = { needsUsage: false }
const withUsage: PrepareOptions = { needsUsage: true }

describe('the pass lane', () => {
  it('sends the very buffers that came, not copies of them', () => {
    for (const pieceBytes of [Infinity, 7]) {
      const asked = asking('{ "model" : "m",\n "messages":[], "unknown":1e400, "é":"\\u00e9" }', 'chat', pieceBytes)
      const prepared = prepare(asked, 'm', noUsage)
      expect(prepared.lane).toBe('pass')
      expect(prepared.body).toBe(asked.body)
    }
  })

  it('stays untouched where usage is needed but nobody streams', () => {
    const asked = asking('{"model":"m","messages":[]}')
    expect(prepare(asked, 'm', withUsage)).toMatchObject({ lane: 'pass', dropsUsage: false })
  })

  it('stays untouched where the client itself asks for usage', () => {
    const asked = asking('{"model":"m","stream":true,"stream_options":{"include_usage":true}}')
    const prepared = prepare(asked, 'm', withUsage)
    expect(prepared).toMatchObject({ lane: 'pass', dropsUsage: false })
    expect(prepared.body).toBe(asked.body)
  })

  it('takes a model that differs in its spelling only for the same one', () => {
    expect(prepare(asking('{"model":"gpt-\\u0034o"}'), 'gpt-4o', noUsage).lane).toBe('pass')
  })
})

describe('the splice lane', () => {
  it('changes the model and nothing else, byte for byte', () => {
    const prepared = prepare(asking('{ "x" : 1.0, "model"  :  "alias" , "z":"\\u0041"}'), 'gpt-4o', noUsage)
    expect(prepared).toMatchObject({ lane: 'splice', dropsUsage: false, losses: [] })
    expect(textOf(prepared)).toBe('{ "x" : 1.0, "model"  :  "gpt-4o" , "z":"\\u0041"}')
  })

  it.each(['quote " inside', 'back\\slash', 'line\nbreak', 'Δ 模型 🚀', '</script>'])(
    'writes the model %j as JSON',
    (model) => {
      expect(JSON.parse(textOf(prepare(asking('{"model":"a","n":[1]}'), model, noUsage)))).toEqual({ model, n: [1] })
    },
  )

  it.each([
    ['option', '{"model":"m","stream":true}', 'splice', true],
    ['option', '{"model":"m","stream":true,"stream_options":{}}', 'splice', true],
    ['option', '{"model":"m","stream":true,"stream_options":null}', 'splice', true],
    ['option', '{"model":"m","stream":true,"stream_options":{"include_usage":false}}', 'splice', true],
    ['option', '{"model":"m","stream":false}', 'pass', false],
    ['always', '{"model":"m","stream":true}', 'pass', false],
    ['never', '{"model":"m","stream":true}', 'pass', false],
  ] as const)('a provider with usage %s, asked with %s, is on the %s lane', (streamUsage, text, lane, drops) => {
    const prepared = prepare(asking(text), 'm', withUsage, { streamUsage })
    expect(prepared).toMatchObject({ lane, dropsUsage: drops })
    if (drops) expect(JSON.parse(textOf(prepared))).toMatchObject({ stream_options: { include_usage: true } })
    else expect(textOf(prepared)).toBe(text)
    // Nobody counts tokens: nothing is asked for.
    expect(prepare(asking(text), 'm', noUsage, { streamUsage })).toMatchObject({ lane: 'pass', dropsUsage: false })
  })

  it('means to JSON.parse exactly what it should, for any body in any pieces', () => {
    const value = fc.jsonValue({ maxDepth: 3 })
    const field = fc.string().filter((name) => !['model', 'stream', 'stream_options', '__proto__'].includes(name))
    const spaced = fc.constantFrom(undefined, 1, '\t', '\r\n')
    fc.assert(
      fc.property(
        fc.dictionary(field, value),
        fc.dictionary(field, value),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        spaced,
        fc.integer({ min: 1, max: 50 }),
        (before, after, asked, wanted, space, pieceBytes) => {
          const object = { ...before, model: asked, stream: true, ...after }
          const prepared = prepare(asking(JSON.stringify(object, null, space), 'chat', pieceBytes), wanted, withUsage)
          expect(JSON.parse(textOf(prepared))).toEqual(
            JSON.parse(JSON.stringify({ ...object, model: wanted, stream_options: { include_usage: true } })),
          )
        },
      ),
    )
  })
})

describe('the translate lane', () => {
  const chat = '{"model":"m","messages":[{"role":"user","content":"hi"}],"logit_bias":{"1":2}}'
  const target = { model: 'claude', quirks: {} }

  it('writes the canonical form in the dialect of the target, with its losses', () => {
    const prepared = prepareRequest(asking(chat), laneOf('chat', 'anthropic'), target, noUsage)
    if (prepared instanceof Promise) throw new Error('small ones are not waited for')
    expect(prepared).toMatchObject({ lane: 'translate', dropsUsage: false })
    expect(JSON.parse(textOf(prepared))).toMatchObject({ model: 'claude', messages: [{ role: 'user' }] })
    expect(prepared.losses.map(({ path }) => path)).toContain('logit_bias')
    expect(
      translateRequest({ from: 'openai-chat', to: 'anthropic-messages', body: Buffer.from(chat), target }).body,
    ).toEqual(joinPieces(prepared.body))
  })

  it('hands what is above the bound to another thread, and only that', async () => {
    const jobs: TranslationJob[] = []
    const translateLarge = (job: TranslationJob) => {
      jobs.push(job)
      return Promise.resolve(translateRequest(job))
    }
    const options = { needsUsage: false, translateLarge }
    const sized = (bytes: number): string => {
      const frame = '{"model":"m","messages":[{"role":"user","content":""}]}'
      return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`)
    }
    await prepareRequest(asking(sized(largeBodyBytes), 'chat', 65_536), laneOf('chat', 'anthropic'), target, options)
    expect(jobs).toEqual([])
    const large = sized(largeBodyBytes + 1)
    const prepared = await prepareRequest(asking(large, 'chat', 65_536), laneOf('chat', 'anthropic'), target, options)
    expect(jobs).toHaveLength(1)
    expect(Buffer.from(jobs[0]?.body ?? []).toString()).toBe(large)
    expect(prepared).toMatchObject({ lane: 'translate', dropsUsage: false })
  })

  it('refuses what has no canonical form', () => {
    const asked: Asked = {
      ...asking(chat),
      canonical: () => {
        throw new AiError('caller_invalid_request')
      },
    }
    expect(() => prepareRequest(asked, laneOf('chat', 'anthropic'), target, noUsage)).toThrow(AiError)
  })
})
