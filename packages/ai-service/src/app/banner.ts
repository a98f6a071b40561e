// What a newcomer sees on `npm start` without a key: a request that works, and the way to a real provider.

/** @param dataUrl where the data listener is. */
export function demoBanner(dataUrl: string): string {
  return [
    '',
    'ai-service runs in demo mode: no provider key and no config file, so the built-in simulator answers.',
    '',
    'Try it:',
    '',
    `curl ${dataUrl}/v1/chat/completions -H 'content-type: application/json' \\`,
    `  -d '{"model":"simulator/echo","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    'Point an SDK at it:',
    `  OpenAI     base URL ${dataUrl}/v1`,
    `  Anthropic  base URL ${dataUrl}`,
    '',
    'With a real provider: stop this and run  OPENAI_API_KEY=sk-... npm start',
    '(or ANTHROPIC_API_KEY, GROQ_API_KEY, ...), then ask for a model such as openai/gpt-4o-mini.',
    '',
    '',
  ].join('\n')
}
