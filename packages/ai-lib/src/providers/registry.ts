// Every built-in provider by name. A provider is one data file and one line here.
import { anthropic } from './anthropic.ts'
import { deepseek } from './deepseek.ts'
import { groq } from './groq.ts'
import { openai } from './openai.ts'
import type { ProviderSpec } from './provider.ts'

const specs: readonly ProviderSpec[] = [openai, anthropic, groq, deepseek]

/** The built-in providers by name; a Map, so that no caller's name can reach a prototype. */
export const providerSpecs: ReadonlyMap<string, ProviderSpec> = new Map(specs.map((spec) => [spec.name, spec]))
