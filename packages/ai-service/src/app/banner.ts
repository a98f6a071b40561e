// What a newcomer sees on `npm start` without a key: a request that works, and the way to a real provider.

/**
 * @param dataUrl where the data listener is.
 * @param needsKey whether callers must show a key, as they must anywhere but on a loopback address.
 */
export function demoBanner(dataUrl: string, needsKey: boolean): string {
  const key = needsKey
    ? [
        'Callers need a key here, because this is no loopback address: add  -H "authorization: Bearer $KEY"',
        'with one that `ai-service keys create` makes, or with the one that you start it with as AI_SERVICE_CALLER_KEY.',
        '',
      ]
    : []
  return [
    '',
    'ai-service runs in demo mode: no provider key and no config file, so the built-in simulator answers.',
    '',
    'Try it:',
    '',
    `curl ${dataUrl}/v1/chat/completions -H 'content-type: application/json' \\`,
    `  -d '{"model":"simulator/echo","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
    ...key,
    'Point an SDK at it:',
    `  OpenAI     base URL ${dataUrl}/v1`,
    `  Anthropic  base URL ${dataUrl}`,
    '',
    'With a real provider: stop this and run  OPENAI_API_KEY=sk-... npm start',
    '(or ANTHROPIC_API_KEY, GROQ_API_KEY, ...), then ask for a model such as openai/gpt-5.4-mini.',
    '',
    '',
  ].join('\n')
}
