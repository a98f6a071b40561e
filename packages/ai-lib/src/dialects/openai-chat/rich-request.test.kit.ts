// One request with everything that OpenAI clients send, and the same as other dialects' readers would give it.
import { toolCallId } from '../../chat/parts.ts'
import type { ChatRequest } from '../../chat/request.ts'

export const richOpenAi = {
  model: 'gpt-5',
  messages: [
    { role: 'developer', content: 'Be brief.', name: 'rules' },
    {
      role: 'user',
      name: 'ada',
      content: [
        { type: 'text', text: 'Look:', cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'https://a.example/b.jpg' } },
        { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
        { type: 'file', file: { file_id: 'file-1' } },
        { type: 'video_url', video_url: { url: 'https://a.example/c.mp4' } },
      ],
    },
    {
      role: 'assistant',
      content: 'Both.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'Two ', index: 0 },
        { type: 'reasoning.text', text: 'calls.', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'enc', format: 'anthropic-claude-v1', index: 1 },
      ],
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city": "Rome"}' } },
        { id: 'b', type: 'function', function: { name: 'clock', arguments: '' } },
        { id: 'c', type: 'custom', custom: { name: 'sql', input: 'select 1' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'Sunny' },
    { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: '12:00' }] },
    { role: 'user', content: 'And then?' },
    { role: 'assistant', content: null, refusal: 'I cannot say.' },
    { role: 'system', content: [{ type: 'text', text: 'Late rule.' }] },
    { role: 'assistant', content: '', function_call: { name: 'legacy', arguments: '{}' } },
    { role: 'function', name: 'legacy', content: 'done' },
  ],
  tools: [
    {
      type: 'function',
      function: { name: 'weather', description: 'Tells it', parameters: { type: 'object' }, strict: true },
      cache_control: { type: 'ephemeral' },
    },
    { type: 'function', function: { name: 'clock' } },
    { type: 'custom', custom: { name: 'sql' } },
  ],
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'out', schema: { type: 'object' }, strict: true } },
  max_tokens: 9,
  max_completion_tokens: 100,
  temperature: 0.5,
  top_p: 0.9,
  stop: 'END',
  reasoning_effort: 'high',
  user: 'u1',
  service_tier: 'flex',
  stream: true,
  stream_options: { include_usage: true, include_obfuscation: false },
  n: 1,
  seed: 7,
  store: false,
  metadata: {},
  logit_bias: null,
  presence_penalty: 0,
  frequency_penalty: 0.1,
  verbosity: 'low',
  prompt_cache_key: 'k',
} as const

/** As an Anthropic client's request reads: everything that OpenAI has no or another place for. */
export const richForeign: ChatRequest = {
  model: 'claude',
  messages: [
    { role: 'system', parts: [{ type: 'text', text: 'Rules', cache: { ttl: '1h' } }] },
    {
      role: 'assistant',
      parts: [
        {
          type: 'reasoning',
          text: 'Hm',
          seal: { dialect: 'anthropic-messages', json: '{"type":"thinking","signature":"s"}' },
        },
        { type: 'text', text: 'Let me see.', citations: [{ url: 'https://a.example' }] },
        { type: 'tool-call', callId: toolCallId('t1'), name: 'shot', argsJson: '' },
        { type: 'text', text: 'Wait.' },
        { type: 'opaque', opaque: { dialect: 'anthropic-messages', json: '{"type":"server_tool_use"}' } },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'Here.' },
        {
          type: 'tool-result',
          callId: toolCallId('t1'),
          isError: true,
          cache: {},
          parts: [
            { type: 'text', text: 'It broke.' },
            { type: 'media', mediaType: 'image/png', source: { kind: 'base64', data: 'iVBORw0=' } },
          ],
        },
        { type: 'media', mediaType: 'application/pdf', source: { kind: 'url', url: 'https://a.example/a.pdf' } },
        { type: 'media', mediaType: 'application/pdf', source: { kind: 'base64', data: 'JVBERi0=' } },
        { type: 'media', mediaType: 'text/plain', source: { kind: 'text', text: 'Notes' }, name: 'n.txt' },
        {
          type: 'media',
          mediaType: 'application/pdf',
          source: { kind: 'file', fileId: 'f', dialect: 'anthropic-messages' },
        },
      ],
    },
  ],
  tools: [
    { type: 'function', name: 'shot', schema: { type: 'object' }, cache: {} },
    {
      type: 'opaque',
      name: 'web_search',
      opaque: { dialect: 'anthropic-messages', json: '{"type":"web_search_20250305"}' },
    },
  ],
  toolChoice: { type: 'tool', name: 'web_search' },
  parallelToolCalls: false,
  output: { type: 'json-schema', name: 'out', schema: { type: 'object' } },
  maxOutputTokens: 64_000,
  topK: 40,
  stop: ['END'],
  reasoning: { enabled: true, budgetTokens: 4000 },
  user: 'u1',
  serviceTier: 'standard_only',
  stream: true,
  streamUsage: true,
  rest: { dialect: 'anthropic-messages', json: '{"container":"c","mcp_servers":[]}' },
}
