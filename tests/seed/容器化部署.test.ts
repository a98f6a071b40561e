// Containers: the image as a tree, run as its numeric user on a read-only root with 512 MB and half a core, and as an image.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Simulator, startSimulator } from 'ai-simulator'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chatBody, looksComplete, paths, post } from '../faults/asking.ts'
import { type Container, containersMissing, containersWork, startContainer } from '../kit/container.ts'
import { buildImageTree, bytesOf, checkout, dockerfileConfig, type ImageTree, listing } from '../kit/image.ts'
import { needs, needsThat } from '../require.ts'

const image = dockerfileConfig()
const mebibyte = 1024 * 1024
const callerKey = 'q8Zt3VnB0xKc71LmWd5RyPfH2sJgTe4A'
const bearer = { authorization: `Bearer ${callerKey}` }

let tree: ImageTree
let upstream: Simulator
beforeAll(async () => {
  upstream = await startSimulator()
  if (containersWork) tree = buildImageTree()
}, 120_000)
afterAll(async () => {
  await upstream.close()
  if (containersWork) tree.remove()
}, 120_000)

test('the Dockerfile runs as numbers, in exec form, with what the contract names', () => {
  expect(image).toMatchObject({
    user: '10001:10001',
    env: { AI_SERVICE_HOST: '0.0.0.0', AI_SERVICE_METRICS_HOST: '0.0.0.0' },
    command: ['start'],
    ports: ['8080', '9464'],
    volumes: ['/var/lib/ai-service'],
  })
  expect(image.entrypoint[0]).toBe('/nodejs/bin/node')
  expect(image.health).toEqual(['/nodejs/bin/node', image.entrypoint.at(-1), 'health'])
  const { version } = JSON.parse(readFileSync(join(checkout, 'packages/ai-service/package.json'), 'utf8')) as {
    version: string
  }
  expect(image.arguments['VERSION']).toBe(version)
})

needsThat(containersWork, containersMissing)('the image as a tree', () => {
  let container: Container
  beforeAll(async () => {
    container = await startContainer({
      rootfs: tree.rootfs,
      image,
      env: { OPENAI_BASE_URL: `${upstream.url}/v1`, ANTHROPIC_BASE_URL: upstream.url },
      secrets: { OPENAI_API_KEY: 'sk-mounted', ANTHROPIC_API_KEY: 'sk-ant-mounted', AI_SERVICE_CALLER_KEY: callerKey },
    })
    await container.listening()
  }, 60_000)
  afterAll(() => container.stop(), 60_000)

  test('is small, and of ours below 150 MB', () => {
    const own = bytesOf(tree.own)
    expect(own, `${(own / mebibyte).toFixed(1)} MiB`).toBeLessThan(150 * 1000 * 1000)
    expect(own).toBeLessThan(48 * mebibyte)
  })

  test('holds nothing to log in with and nothing to install with', () => {
    const programs = [
      'sh',
      'bash',
      'busybox',
      'npm',
      'npx',
      'corepack',
      'apt',
      'apt-get',
      'dpkg',
      'apk',
      'curl',
      'wget',
    ]
    const found = [...listing(tree.rootfs).keys()].filter((path) => programs.includes(path.split('/').at(-1) ?? ''))
    expect(found).toEqual([])
  })

  test('T31 is process 1, a number without privileges that cannot gain any, and can write nowhere but its data', async () => {
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
    const read = (name: string): string => new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1] ?? ''
    expect(read('NSpid').split('\t').at(-1)).toBe('1')
    expect([read('Uid'), read('Gid')]).toEqual(Array(2).fill(Array(4).fill('10001').join('\t')))
    expect([read('Groups').trim(), read('NoNewPrivs')]).toEqual(['', '1'])
    expect(['CapPrm', 'CapEff', 'CapAmb'].map((name) => Number(read(name)))).toEqual([0, 0, 0])
    const attempt = `for (const path of ['/app/x', '/etc/ai-service/x', '/tmp/x', '/x', '/var/lib/ai-service/x'])
      try { require('fs').writeFileSync(path, ''); console.log(path) } catch (error) { if (error.code !== 'EROFS') throw error }
      require('fs').unlinkSync('/var/lib/ai-service/x')`
    expect(await container.exec(['/nodejs/bin/node', '-e', attempt])).toEqual({
      code: 0,
      out: '/var/lib/ai-service/x\n',
      err: '',
    })
  })

  test('T5 T23 runs where code cannot be made from text, and objects have no __proto__', () => {
    const command = readFileSync(`/proc/${container.pid}/cmdline`, 'utf8').split('\0')
    expect(command).toContain('--disable-proto=delete')
    expect(command).toContain('--disallow-code-generation-from-strings')
  })

  test('serves whole and streamed answers to callers with the mounted key, in both dialects', async () => {
    const openai = new OpenAI({ baseURL: `${container.url}/v1`, apiKey: callerKey, maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'in a box' }]
    const whole = await openai.chat.completions.create({ model: 'openai/echo', messages })
    expect(whole.choices[0]?.message.content).toBe('in a box')
    const asked = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const path = index % 2 === 0 ? paths.openai : paths.anthropic
        const model = index % 3 === 0 ? 'openai/echo' : 'anthropic/echo'
        const isStream = index % 4 < 2
        return post(container.url, path, chatBody(model, `box ${index}`, { stream: isStream }), bearer).then(
          (told) => ({
            isWell: told.status === 200 && (!isStream || looksComplete(told.text)),
            told,
          }),
        )
      }),
    )
    expect(asked.filter(({ isWell }) => !isWell)).toEqual([])
    expect((await post(container.url, paths.openai, chatBody('openai/echo'))).status).toBe(401)
    expect(await (await fetch(`${container.metricsUrl}/metrics`)).text()).toContain('ai_requests_total')
    expect(new Set(upstream.requests.map(({ headers }) => headers['authorization'] ?? headers['x-api-key']))).toEqual(
      new Set(['Bearer sk-mounted', 'sk-ant-mounted']),
    )
  }, 60_000)

  test('prints the trail beside the store, and warns that the store ends with the container', async () => {
    expect(container.output()).toContain('"action":"service.start"')
    expect(container.output()).toContain('ends with the container: set stores.database to postgres://')
    expect(await container.exec([...image.entrypoint, 'audit', 'verify', '--json'])).toMatchObject({ code: 0 })
    for (const secret of ['sk-mounted', 'sk-ant-mounted', callerKey]) expect(container.output()).not.toContain(secret)
  }, 60_000)

  test('its own health check is 0 where it is ready and 1 where nothing answers', async () => {
    expect(await container.exec(image.health)).toMatchObject({ code: 0, err: '' })
    const away = await container.exec([
      '/nodejs/bin/node',
      '-e',
      `process.env.AI_SERVICE_PORT = '1'; ${running(image.health)}`,
    ])
    expect(away).toMatchObject({ code: 1, out: expect.stringContaining('not ready') })
  }, 60_000)

  test('stays within its memory', () => {
    expect(container.cgroup.oomKills()).toBe(0)
  })
})

/** The arguments of a command that a script inside runs in its place. */
function running([, ...args]: readonly string[]): string {
  return `process.exitCode = require('child_process').spawnSync(process.execPath, ${JSON.stringify(args)}, { stdio: 'inherit' }).status`
}

needsThat(containersWork, containersMissing)('a container', () => {
  const configuration = `server: { drainDelay: 0s, shutdownGrace: 20s }
providers: { openai: { baseUrl: "UPSTREAM/v1", private: true, keys: [ { secret: "file:/run/secrets/ai-service/OPENAI_API_KEY" } ] } }
auth: { keys: [ { id: one, secret: "file:/run/secrets/ai-service/CALLER" } ] }
`
  const secrets = { OPENAI_API_KEY: 'sk-mounted', CALLER: callerKey }
  const configured = () => ({ 'ai-service.yaml': configuration.replace('UPSTREAM', upstream.url) })

  test('finishes its streams on SIGTERM as process 1, then ends with 0', async () => {
    upstream.setDefault({ kind: 'answer', text: 'one two three four five six', intervalMs: 100 })
    const container = await startContainer({ rootfs: tree.rootfs, image, config: configured(), secrets })
    try {
      await container.listening()
      const body = chatBody('openai/echo', 'x', { stream: true })
      const response = await fetch(`${container.url}${paths.openai}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer },
        body,
      })
      container.signal('SIGTERM')
      expect(looksComplete(await response.text())).toBe(true)
      expect(await container.exited, container.output()).toBe(0)
    } finally {
      upstream.setDefault({ kind: 'answer' })
      await container.stop()
    }
  }, 60_000)

  test('without a place to write says where, why and what to do, and ends with 78', async () => {
    const container = await startContainer({ rootfs: tree.rootfs, image, config: configured(), secrets, data: 'none' })
    try {
      expect(await container.exited).toBe(78)
      expect(container.output()).toContain('cannot write into /var/lib/ai-service (EROFS)')
      expect(container.output()).toContain('Set stores.database to a place that this user may write')
    } finally {
      await container.stop()
    }
  }, 60_000)

  test('with a provider key alone starts, and says how callers get one', async () => {
    const container = await startContainer({ rootfs: tree.rootfs, image, env: { OPENAI_API_KEY: 'sk-of-docker-run' } })
    try {
      await container.listening()
      expect(container.output()).toContain(
        '`ai-service keys create` has made a key, or AI_SERVICE_CALLER_KEY holds one',
      )
      const made = await container.exec([...image.entrypoint, 'keys', 'create'])
      expect(made).toMatchObject({
        code: 0,
        out: expect.stringContaining('start the service with it as AI_SERVICE_CALLER_KEY'),
      })
      expect(container.output()).not.toContain('sk-of-docker-run')
    } finally {
      await container.stop()
    }
  }, 60_000)

  test('names a mounted secret that is missing, and ends with 78', async () => {
    const container = await startContainer({
      rootfs: tree.rootfs,
      image,
      config: configured(),
      secrets: { CALLER: callerKey },
    })
    try {
      expect(await container.exited).toBe(78)
      expect(container.output()).toContain(
        '/etc/ai-service/ai-service.yaml:2:95 providers.openai.keys.0.secret: found a reference to nothing: file:/run/secrets/ai-service/OPENAI_API_KEY cannot be read (ENOENT: there is no such file)',
      )
    } finally {
      await container.stop()
    }
  }, 60_000)
})

needs('buildah', 'debootstrap')('the image, built from its Dockerfile', () => {
  const folder = join(checkout, 'tools/image')
  beforeAll(() => {
    execFileSync(join(checkout, 'scripts/build-test-image.sh'), { stdio: 'pipe' })
  }, 600_000)

  test('says of itself what the Dockerfile says', () => {
    const told = JSON.parse(readFileSync(join(folder, 'inspect.json'), 'utf8')) as Inspected
    const { config } = told.Docker
    expect(config).toMatchObject({
      User: image.user,
      WorkingDir: image.workingFolder,
      Entrypoint: image.entrypoint,
      Cmd: image.command,
      StopSignal: 'SIGTERM',
      Healthcheck: { Test: ['CMD', ...image.health] },
    })
    expect(Object.keys(config.ExposedPorts)).toEqual(['8080/tcp', '9464/tcp'])
    expect(Object.keys(config.Volumes)).toEqual(['/var/lib/ai-service'])
    expect(config.Env).toEqual(
      expect.arrayContaining(Object.entries(image.env).map(([name, value]) => `${name}=${value}`)),
    )
    const labels = ['title', 'description', 'licenses', 'version', 'revision'].map(
      (name) => `org.opencontainers.image.${name}`,
    )
    expect(Object.keys(config.Labels)).toEqual(expect.arrayContaining(labels))
  })

  test('T29 has bit for bit what the script makes, on nothing but its base', () => {
    const built = listing(join(folder, 'rootfs'))
    const ours = [...built].filter(([path]) => path.startsWith('app/'))
    expect(Object.fromEntries(ours)).toEqual(
      Object.fromEntries([...listing(tree.own)].filter(([path]) => path.startsWith('app/'))),
    )
    const base = listing(join(folder, 'runtime'))
    const added = [...built.keys()].filter((path) => !base.has(path) && !path.startsWith('app/'))
    expect(added).toEqual([])
    expect(
      execFileSync('stat', ['-c', '%u:%g %a', join(folder, 'rootfs/var/lib/ai-service')], { encoding: 'utf8' }),
    ).toBe('10001:10001 750\n')
    expect(existsSync(join(folder, 'rootfs/etc/ai-service'))).toBe(true)
  })

  test.runIf(containersWork)(
    'starts, answers, finds itself well and ends',
    async () => {
      const container = await startContainer({
        rootfs: join(folder, 'rootfs'),
        image,
        env: { OPENAI_BASE_URL: `${upstream.url}/v1`, OPENAI_API_KEY: 'sk-x', AI_SERVICE_CALLER_KEY: callerKey },
      })
      try {
        await container.listening()
        const answer = await post(container.url, paths.openai, chatBody('openai/echo', 'a real image'), bearer)
        expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('a real image')])
        expect(await container.exec(image.health)).toMatchObject({ code: 0 })
      } finally {
        await container.stop()
      }
    },
    60_000,
  )
})

interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly ExposedPorts: object
      readonly Volumes: object
      readonly Env: readonly string[]
      readonly Labels: object
    }
  }
}
