// A service in front of simulators: one that speaks OpenAI's dialect, one that speaks Anthropic's.
import { type Simulator, type SimulatorOptions, startSimulator } from 'ai-simulator'
import { type RunningService, startService } from './service.ts'

export interface Simulated {
  readonly service: RunningService
  /** Behind provider `openai`. */
  readonly openai: Simulator
  /** Behind provider `anthropic`. */
  readonly anthropic: Simulator
  stop(): Promise<void>
}

export interface SimulatedSetup {
  /** Further YAML sections. */
  readonly yaml?: string
  readonly server?: string
  readonly env?: Readonly<Record<string, string>>
  readonly simulator?: SimulatorOptions
  /** Further lines under each provider, indented by four. */
  readonly provider?: string
}

export async function startSimulated({
  yaml = '',
  server = '',
  env = {},
  simulator = {},
  provider = '',
}: SimulatedSetup = {}): Promise<Simulated> {
  const openai = await startSimulator(simulator)
  const anthropic = await startSimulator(simulator)
  const providers = [
    'providers:',
    `  openai:\n    baseUrl: ${openai.url}/v1\n    private: true\n    keys: [ { secret: env:TEST_OPENAI_KEY } ]\n${provider}`,
    `  anthropic:\n    baseUrl: ${anthropic.url}\n    private: true\n    keys: [ { secret: env:TEST_ANTHROPIC_KEY } ]\n${provider}`,
  ].join('\n')
  const service = await startService({
    yaml: `${providers}\n${yaml}`,
    server,
    env: { TEST_OPENAI_KEY: 'sk-test-openai-0123456789', TEST_ANTHROPIC_KEY: 'sk-ant-test-0123456789', ...env },
  })
  return {
    service,
    openai,
    anthropic,
    async stop() {
      await service.stop()
      await openai.close()
      await anthropic.close()
    },
  }
}
