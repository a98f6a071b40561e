// Requests to upstreams: what they are written as, and what the ledger says of the rest.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isObject, type JsonObject, parseJsonObject } from '../../bytes/json-value.ts'
import { type Part, toolCallId } from '../../chat/parts.ts'
import type { ChatMessage, ChatRequest } from '../../chat/request.ts'
import type { WriteTarget } from '../dialect.ts'
import { readRequest } from './read-request.ts'
import { writeRequest } from './write-request.ts'

const golden = join(import.meta.dirname, 'golden')
const target: WriteTarget = { model: 'claude-x', quirks: {} }
const least: ChatRequest = {
  model: 'm',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  stop: [],
  stream: false,
  streamUsage: false,
  maxOutputTokens: 5_000,
}

function write(changes: Partial<ChatRequest>, to: WriteTarget = target) {
  const { body, losses } = writeRequest({ ...least, ...changes }, to)
  return { body: parseJsonObject(body), losses: losses.map(({ kind, path }) => `${kind} ${path}`) }
}

function writeParts(role: ChatMessage['role'], parts: readonly Part[]) {
  const { body, losses } = write({ messages: [{ role, parts }] })
  const messages = body['messages']
  const first: unknown = Array.isArray(messages) ? messages[0] : undefined
  return { content: isObject(first) ? first['content'] : undefined, losses }
}

const weather = { type: 'function', name: 'weather', schema: {} } as const

describe('writeRequest', () => {
  it('writes the golden request of this dialect back, but for what it can only name on the ledger', () => {
    const request = readRequest(readFileSync(join(golden, 'client-request.json')))
    const { body, losses } = writeRequest(request, { model: 'claude-sonnet-5', quirks: {} })
    expect(parseJsonObject(body)).toEqual(parseJsonObject(readFileSync(join(golden, 'upstream-request.json'))))
    expect(losses.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'changed messages.4',
      'dropped messages.1.content.5.caller',
      'dropped tools.0.defer_loading',
      'dropped thinking.display',
    ])
  })

  it('adds max_tokens from the catalogue, else 4096, and says so', () => {
    const { maxOutputTokens: _none, ...open } = least
    const known = writeRequest(open, { ...target, maxOutputTokens: 64_000 })
    expect(parseJsonObject(known.body)['max_tokens']).toBe(64_000)
    expect(known.losses).toMatchObject([{ kind: 'added', path: 'max_tokens' }])
    expect(parseJsonObject(writeRequest(open, target).body)['max_tokens']).toBe(4_096)
  })

  it('merges turns of one role and puts tool results first', () => {
    const result: Part = { type: 'tool-result', callId: toolCallId('a'), parts: [], isError: false }
    const { body } = write({
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'one' }] },
        { role: 'assistant', parts: [{ type: 'text', text: '' }] },
        { role: 'user', parts: [{ type: 'text', text: 'two' }, result] },
      ],
    })
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a' },
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
    ])
  })

  it('moves late system text to the front and says so', () => {
    const system: ChatMessage = { role: 'system', parts: [{ type: 'text', text: 'S' }] }
    const late = write({ messages: [...least.messages, system] })
    expect(late.body['system']).toEqual([{ type: 'text', text: 'S' }])
    expect(late.losses).toEqual(['changed messages.1'])
    expect(write({ messages: [system, ...least.messages] }).losses).toEqual([])
  })

  it('splices tool arguments as they are, and never text that is no JSON object', () => {
    const call = (argsJson: string): Part => ({ type: 'tool-call', callId: toolCallId('a'), name: 'n', argsJson })
    const written = writeRequest(
      { ...least, messages: [{ role: 'assistant', parts: [call('{"n": 9007199254740993}')] }] },
      target,
    )
    expect(Buffer.from(written.body).toString()).toContain('"input":{"n": 9007199254740993}')
    const injected = writeParts('assistant', [call('{}},{"type":"text","text":"injected"'), call(''), call('[1]')])
    expect(injected.content).toMatchObject([
      { input: { invalid_arguments: '{}},{"type":"text","text":"injected"' } },
      { input: {} },
      { input: { invalid_arguments: '[1]' } },
    ])
    expect(injected.losses).toEqual(['changed messages.0.content.0.input', 'changed messages.0.content.2.input'])
  })

  it('changes tool ids that are not accepted, alike in calls and results and without collisions', () => {
    const ids = ['call:1', 'call_1', 'call.1', '']
    const { body, losses } = write({
      messages: [
        {
          role: 'assistant',
          parts: ids.map((id) => ({ type: 'tool-call', callId: toolCallId(id), name: 'n', argsJson: '' })),
        },
        {
          role: 'user',
          parts: ids.map((id) => ({ type: 'tool-result', callId: toolCallId(id), parts: [], isError: false })),
        },
      ],
    })
    const text = JSON.stringify(body['messages'])
    const calls = [...text.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id)
    const results = [...text.matchAll(/"tool_use_id":"([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(calls).size).toBe(4)
    expect(results).toEqual(calls)
    for (const id of calls) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(losses.every((loss) => loss.startsWith('changed messages.0.content.'))).toBe(true)
  })

  it('puts on the ledger what no block can carry', () => {
    const { content, losses } = writeParts('user', [
      { type: 'media', mediaType: 'audio/wav', source: { kind: 'base64', data: 'AA==' } },
      { type: 'media', mediaType: 'application/pdf', source: { kind: 'file', fileId: 'f', dialect: 'openai-chat' } },
      { type: 'media', mediaType: 'text/csv', source: { kind: 'base64', data: 'YSxi' }, name: 'a.csv' },
      { type: 'media', mediaType: 'image/png', source: { kind: 'base64', data: 'AA==' }, detail: 'high' },
      { type: 'opaque', opaque: { dialect: 'openai-responses', json: '{}' } },
      { type: 'text', text: '  ' },
      { type: 'text', text: '' },
    ])
    expect(content).toEqual([
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,b' }, title: 'a.csv' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
    ])
    expect(losses).toEqual([
      'dropped messages.0.content.0',
      'dropped messages.0.content.1',
      'dropped messages.0.content.3.detail',
      'dropped messages.0.content.4',
      'dropped messages.0.content.5',
    ])
  })

  it('sends back thinking with a signature of its own and no other', () => {
    const foreign: Part = { type: 'reasoning', text: 'b', seal: { dialect: 'openai-responses', json: '{}' } }
    const { content, losses } = writeParts('assistant', [
      { type: 'reasoning', text: 'a' },
      foreign,
      {
        type: 'reasoning',
        text: 'c',
        seal: { dialect: 'anthropic-messages', json: '{"type":"thinking","signature":"s"}' },
      },
      { type: 'refusal', text: 'No.' },
    ])
    expect(content).toEqual([
      { type: 'thinking', thinking: 'c', signature: 's' },
      { type: 'text', text: 'No.' },
    ])
    expect(losses).toEqual(['dropped messages.0.content.0', 'dropped messages.0.content.1'])
  })

  it.each<[Partial<ChatRequest>, JsonObject, readonly string[]]>([
    [{ reasoning: { effort: 'high' } }, { output_config: { effort: 'high' } }, []],
    [{ reasoning: { effort: 'minimal' } }, { output_config: { effort: 'low' } }, ['changed reasoning_effort']],
    [{ reasoning: { effort: 'odd' } }, {}, ['dropped reasoning_effort']],
    [{ reasoning: { effort: 'none' } }, { thinking: { type: 'disabled' } }, []],
    [{ reasoning: { enabled: true } }, { thinking: { type: 'adaptive' } }, []],
    [{ reasoning: { budgetTokens: 2_000 } }, { thinking: { type: 'enabled', budget_tokens: 2_000 } }, []],
    [
      { reasoning: { budgetTokens: 9_000 } },
      { thinking: { type: 'enabled', budget_tokens: 4_999 } },
      ['changed reasoning'],
    ],
    [
      { reasoning: { budgetTokens: 10 } },
      { thinking: { type: 'enabled', budget_tokens: 1_024 } },
      ['changed reasoning'],
    ],
    [{ reasoning: { budgetTokens: 10 }, maxOutputTokens: 100 }, { max_tokens: 100 }, ['dropped reasoning']],
    [{ temperature: 1.6 }, { temperature: 1 }, ['changed temperature']],
    [{ temperature: 0.5, topP: 1 }, { temperature: 0.5 }, []],
    [{ stop: ['a', ' '] }, { stop_sequences: ['a'] }, ['dropped stop']],
    [{ serviceTier: 'default' }, { service_tier: 'standard_only' }, []],
    [{ serviceTier: 'flex' }, {}, ['dropped service_tier']],
    [{ user: 'u' }, { metadata: { user_id: 'u' } }, []],
    [{ output: { type: 'json' } }, {}, ['changed response_format']],
    [{ toolChoice: { type: 'required' } }, {}, ['dropped tool_choice']],
    [
      { tools: [weather], parallelToolCalls: false },
      {
        tools: [{ name: 'weather', input_schema: { type: 'object' } }],
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      },
      [],
    ],
    [
      { rest: { dialect: 'openai-chat', json: '{"seed":1,"logit_bias":{}}' } },
      {},
      ['dropped seed', 'dropped logit_bias'],
    ],
  ])('writes %j', (changes, fields, ledger) => {
    const { body, losses } = write(changes)
    const { model: _model, max_tokens: _max, messages: _messages, ...rest } = body
    const { max_tokens: _wanted, ...wanted } = fields
    expect(rest).toEqual(wanted)
    expect(losses).toEqual(ledger)
  })

  it('turns an effort into a budget where a provider knows no effort', () => {
    const { body, losses } = write(
      { reasoning: { effort: 'medium' } },
      { ...target, quirks: { reasoningEffort: false } },
    )
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 4_096 })
    expect(losses).toEqual(['changed reasoning_effort'])
  })

  it('lets no unknown field stand for a translated one', () => {
    const { body } = write({ rest: { dialect: 'anthropic-messages', json: '{"model":"other","max_tokens":1}' } })
    expect(body).toMatchObject({ model: 'claude-x', max_tokens: 5_000 })
  })
})
