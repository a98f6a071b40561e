// How many tokens a model may put out at most, where its vendor says so: the prices' source does not.
// Models are left out where the vendor's number was not at hand; a limit too high is refused upstream, one too low cuts.

interface OutputLimits {
  readonly provider: string
  readonly source: string
  readonly asOf: string
  /** Tokens by the model's id in the catalogue. */
  readonly tokens: Readonly<Record<number, readonly string[]>>
}

const limits: readonly OutputLimits[] = [
  {
    provider: 'openai',
    source: 'https://developers.openai.com/api/docs/models',
    asOf: '2026-11-23',
    tokens: {
      4096: ['gpt-3.5-turbo', 'gpt-4-turbo', 'gpt-4o-2024-05-13'],
      8192: ['gpt-4'],
      16384: ['gpt-4o', 'gpt-4o-mini'],
      32768: ['gpt-4.1', 'gpt-4.1-mini', 'gpt-4.1-nano'],
      100000: ['o1', 'o3', 'o3-mini', 'o4-mini'],
      128000: [
        'gpt-5',
        'gpt-5-mini',
        'gpt-5-nano',
        'gpt-5.1',
        'gpt-5.2',
        'gpt-5.4',
        'gpt-5.4-mini',
        'gpt-5.4-nano',
        'gpt-5.5',
        'gpt-5.6-luna',
        'gpt-5.6-sol',
        'gpt-5.6-terra',
        'gpt-6-luna',
        'gpt-6-sol',
      ],
    },
  },
  {
    provider: 'anthropic',
    source:
      'https://platform.claude.com/docs/en/models; 4.x: Effect-TS/effect release @effect/ai-anthropic@4.0.0-beta.106',
    asOf: '2026-11-23',
    tokens: {
      4096: ['claude-3-haiku', 'claude-3-opus-latest'],
      8192: ['claude-3-5-haiku-latest', 'claude-3-5-sonnet'],
      32000: ['claude-opus-4-0', 'claude-opus-4-1'],
      64000: [
        'claude-3-7-sonnet-latest',
        'claude-sonnet-4-0',
        'claude-haiku-4-5',
        'claude-opus-4-5',
        'claude-sonnet-4-5',
      ],
      128000: [
        'claude-fable-5',
        'claude-fable-5-1',
        'claude-opus-4-6',
        'claude-opus-4-7',
        'claude-opus-4-8',
        'claude-opus-5',
        'claude-opus-5-5',
        'claude-sonnet-4-6',
        'claude-sonnet-5',
      ],
    },
  },
  {
    provider: 'gemini',
    source: 'https://ai.google.dev/gemini-api/docs/models',
    asOf: '2026-11-23',
    tokens: {
      8192: ['gemini-2.0-flash', 'gemini-2.0-flash-lite'],
      65536: [
        'gemini-2.5-flash',
        'gemini-2.5-flash-lite',
        'gemini-2.5-pro',
        'gemini-3-flash-preview',
        'gemini-3.5-flash',
        'gemini-3.8-flash',
      ],
    },
  },
  {
    // "384K", read as the smaller of the two numbers that it can mean.
    provider: 'deepseek',
    source: 'https://api-docs.deepseek.com/quick_start/pricing',
    asOf: '2026-11-23',
    tokens: { 384000: ['deepseek-v4-flash', 'deepseek-v4-pro'] },
  },
  {
    provider: 'groq',
    source: 'https://console.groq.com/docs/models',
    asOf: '2026-11-23',
    tokens: { 65536: ['openai/gpt-oss-120b', 'openai/gpt-oss-20b'] },
  },
]

/** Tokens by `provider/id`. */
export const outputLimits: ReadonlyMap<string, number> = new Map(
  limits.flatMap(({ provider, tokens }) =>
    Object.entries(tokens).flatMap(([count, ids]) =>
      ids.map((id): [string, number] => [`${provider}/${id}`, Number(count)]),
    ),
  ),
)
