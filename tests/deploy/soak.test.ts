// 300 requests per second inside 512 MB and half a core: none fails, nothing restarts, memory stays flat. Ten minutes with LONG=1.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type Simulator, startSimulator } from 'ai-simulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, looksComplete, paths } from '../faults/asking.ts'
import { type Container, containersMissing, containersWork, small, startContainer } from '../kit/container.ts'
import { buildImageTree, dockerfileConfig, type ImageTree } from '../kit/image.ts'
import { needsThat } from '../require.ts'

const perSecond = 300
const isLong = process.env['LONG'] === '1'
const seconds = isLong ? 600 : 45
/** Before it counts: code is compiled, pools and heap grow to what the load needs, the heap for more than a minute. */
const warmupSeconds = isLong ? 90 : 15
/** What the last third may have more than the first. In the short run the heap is still growing into its bound: it is not the proof. */
const growth = isLong ? { share: 1.03, mib: 6 } : { share: 1.5, mib: 16 }
/** What a slow machine may be behind by; the pace waits then. */
const mostUnderWay = 200
const mebibyte = 1024 * 1024
const callerKey = 'q8Zt3VnB0xKc71LmWd5RyPfH2sJgTe4A'

interface Load {
  readonly done: number
  readonly failed: readonly string[]
  readonly tookMs: number
}

/** Sends requests at the pace, whole and streamed ones of both dialects, and looks at each answer. */
async function load(url: string, count: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: mostUnderWay })
  const failed: string[] = []
  let [underWay, done] = [0, 0]
  const begunMs = performance.now()
  for (let index = 0; index < count; index += 1) {
    const dueMs = begunMs + (index * 1000) / perSecond
    while (performance.now() < dueMs || underWay >= mostUnderWay) await delay(3)
    underWay += 1
    void ask(agent, url, index)
      .then((fault) => fault !== undefined && failed.push(fault))
      .finally(() => {
        underWay -= 1
        done += 1
      })
  }
  while (underWay > 0) await delay(10)
  agent.destroy()
  return { done, failed, tookMs: performance.now() - begunMs }
}

/** Three of ten are streams; every other one is Anthropic's dialect, which is translated for the provider. */
function ask(agent: Agent, url: string, index: number): Promise<string | undefined> {
  const isStream = index % 10 < 3
  const path = index % 2 === 0 ? paths.openai : paths.anthropic
  const body = chatBody('openai/echo', `soak ${index} with some words that come back`, { stream: isStream })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${callerKey}` }
  return new Promise((resolve) => {
    const asked = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const isWell = response.statusCode === 200 && (isStream ? looksComplete(text) : text.includes(`soak ${index} `))
        resolve(isWell ? undefined : `${response.statusCode} ${text.slice(0, 200)}`)
      })
      response.on('error', (error) => resolve(String(error)))
    })
    asked.on('error', (error) => resolve(String(error)))
    asked.end(body)
  })
}

function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

needsThat(containersWork, containersMissing)('a service in a small container', () => {
  let tree: ImageTree
  let upstream: Simulator
  let container: Container
  beforeAll(async () => {
    tree = buildImageTree()
    upstream = await startSimulator({ record: false })
    container = await startContainer({
      rootfs: tree.rootfs,
      image: dockerfileConfig(),
      env: { OPENAI_BASE_URL: `${upstream.url}/v1`, OPENAI_API_KEY: 'sk-soak', AI_SERVICE_CALLER_KEY: callerKey },
      data: 'disk',
      bounds: small,
    })
    await container.listening()
  }, 120_000)
  afterAll(async () => {
    await container.stop()
    await upstream.close()
    tree.remove()
  }, 60_000)

  test(
    `answers ${perSecond} requests a second for ${seconds} s without a failure, a restart or growth`,
    async () => {
      expect((await load(container.url, warmupSeconds * perSecond)).failed.slice(0, 5)).toEqual([])
      const samples: number[] = []
      const sampling = setInterval(() => samples.push(residentMiB(container.pid)), 500)
      const { done, failed, tookMs } = await load(container.url, seconds * perSecond)
      clearInterval(sampling)
      const third = Math.floor(samples.length / 3)
      const [first, last, most] = [mean(samples.slice(0, third)), mean(samples.slice(-third)), Math.max(...samples)]
      const report = `${done} requests in ${(tookMs / 1000).toFixed(1)} s, ${failed.length} failed; RSS first third ${first.toFixed(1)} MiB, last third ${last.toFixed(1)} MiB, most ${most.toFixed(1)} MiB; ${container.cgroup.throttled()} periods throttled`
      process.stdout.write(`soak: ${report}\n`)
      expect(failed.slice(0, 5), report).toEqual([])
      expect(done).toBe(seconds * perSecond)
      expect(container.cgroup.oomKills()).toBe(0)
      // Process 1 is still the one that was started. Its heap is bounded by half of the memory; the rest is code and buffers.
      expect(readFileSync(`/proc/${container.pid}/cmdline`, 'utf8')).toContain('ai-service.js')
      expect(most, report).toBeLessThan((small.memoryBytes / mebibyte) * 0.8)
      expect(last, report).toBeLessThan(first * growth.share + growth.mib)
    },
    (seconds + warmupSeconds) * 1000 * 5,
  )

  test('and its trail holds every one of them', async () => {
    const { entrypoint } = dockerfileConfig()
    const verified = await container.exec([...entrypoint, 'audit', 'verify', '--json'])
    expect(verified.code, verified.err).toBe(0)
    const count = Number(/"records":(\d+)/.exec(verified.out)?.[1] ?? Number.NaN)
    expect(count, verified.out).toBeGreaterThanOrEqual(2 * (seconds + warmupSeconds) * perSecond)
  }, 300_000)
})
