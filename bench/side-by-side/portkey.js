// Portkey's gateway, installed once into a folder that git ignores, started headless.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, gatewayCore, run, startPinned, untilListening } from './children.js'

export async function startPortkey({ node, folder, workFolder, fixedPort, simulatorPort }) {
  const program = await install(workFolder)
  const port = await freePort()
  const handle = startPinned(gatewayCore, node, [program, '--headless', `--port=${port}`], {
    logFile: join(folder, 'portkey.log'),
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await untilListening(port, 'portkey', handle)
  const headers = (upstreamPort) => ({
    authorization: 'Bearer sk-bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  })
  return {
    pid: handle.pid,
    stop: handle.stop,
    unary: { port, headers: headers(fixedPort), model: 'bench' },
    stream: { port, headers: headers(simulatorPort), modelPrefix: '' },
  }
}

async function install(workFolder) {
  const folder = join(workFolder, 'portkey')
  const wanted = new URL('portkey/package.json', import.meta.url)
  const present = join(folder, 'package.json')
  const program = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  const isCurrent = existsSync(program) && readFileSync(present, 'utf8') === readFileSync(wanted, 'utf8')
  if (isCurrent) return program
  process.stderr.write('installing portkey …\n')
  mkdirSync(folder, { recursive: true })
  copyFileSync(wanted, present)
  // It has a husky hook of its own to run, which does nothing for us.
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
  return program
}
