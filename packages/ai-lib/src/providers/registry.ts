// Every built-in provider by name. A provider is one data file and one line in each of the two lists here.
import { ai21 } from './ai21.ts'
import { anthropic } from './anthropic.ts'
import { azureOpenai } from './azure-openai.ts'
import { baiduWenxin } from './baidu-wenxin.ts'
import { cerebras } from './cerebras.ts'
import { cohere } from './cohere.ts'
import { deepseek } from './deepseek.ts'
import { fireworks } from './fireworks.ts'
import { gemini } from './gemini.ts'
import { groq } from './groq.ts'
import { huggingface } from './huggingface.ts'
import { iflytekSpark } from './iflytek-spark.ts'
import { minimax } from './minimax.ts'
import { mistral } from './mistral.ts'
import { moonshot } from './moonshot.ts'
import { nvidia } from './nvidia.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { openrouter } from './openrouter.ts'
import { perplexity } from './perplexity.ts'
import { qwen } from './qwen.ts'
import { simulator } from './simulator.ts'
import { tencentHunyuan } from './tencent-hunyuan.ts'
import { together } from './together.ts'
import { xai } from './xai.ts'
import { zhipu } from './zhipu.ts'
import type { ProviderSpec } from './provider.ts'

const specs: readonly ProviderSpec[] = [
  openai,
  anthropic,
  gemini,
  groq,
  mistral,
  cohere,
  deepseek,
  xai,
  azureOpenai,
  ollama,
  huggingface,
  together,
  fireworks,
  openrouter,
  perplexity,
  qwen,
  moonshot,
  zhipu,
  minimax,
  baiduWenxin,
  tencentHunyuan,
  iflytekSpark,
  ai21,
  cerebras,
  nvidia,
  simulator,
]

/** The built-in providers by name; a Map, so that no caller's name reaches a prototype. */
export const providerSpecs: ReadonlyMap<string, ProviderSpec> = new Map(specs.map((spec) => [spec.name, spec]))

/**
 * Names of the built-in providers.
 *
 * @example
 * ```ts
 * import { AiClient, Provider } from 'ai-lib'
 * const client = new AiClient(Provider.OpenAI, { apiKey: 'sk-...' })
 * console.log(client.currentProvider) // openai
 * ```
 */
export const Provider = {
  OpenAI: 'openai',
  Anthropic: 'anthropic',
  Gemini: 'gemini',
  Groq: 'groq',
  Mistral: 'mistral',
  Cohere: 'cohere',
  DeepSeek: 'deepseek',
  XAI: 'xai',
  AzureOpenAI: 'azure-openai',
  Ollama: 'ollama',
  HuggingFace: 'huggingface',
  Together: 'together',
  Fireworks: 'fireworks',
  OpenRouter: 'openrouter',
  Perplexity: 'perplexity',
  Qwen: 'qwen',
  Moonshot: 'moonshot',
  Zhipu: 'zhipu',
  MiniMax: 'minimax',
  BaiduWenxin: 'baidu-wenxin',
  TencentHunyuan: 'tencent-hunyuan',
  IflytekSpark: 'iflytek-spark',
  AI21: 'ai21',
  Cerebras: 'cerebras',
  NVIDIA: 'nvidia',
  Simulator: 'simulator',
} as const

/** The name of a built-in provider. */
export type Provider = (typeof Provider)[keyof typeof Provider]
