// Packs our packages into a folder, with a lockfile of exactly what production needs: `npm ci` there installs what is shipped.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const ours = { 'ai-lib': 'ai-lib', 'ai-simulator': 'simulator', 'ai-service': 'ai-service' }
// Why an entry stands in the checkout's lockfile; here everything is needed.
const marks = ['dev', 'devOptional', 'peer']

/**
 * Writes `<name>-<version>.tgz` of each package, `package.json` and `package-lock.json`.
 * @param {string} folder
 * @param {readonly string[]} names which of ours; what they need comes along.
 * @param {readonly string[]} extras optional packages of others that are wanted too.
 */
export function packProduction(folder, names, extras = []) {
  mkdirSync(folder, { recursive: true })
  const packs = names.flatMap((name) => ['-w', `packages/${ours[name]}`])
  npm(['pack', '--ignore-scripts', '--pack-destination', folder, ...packs], root)
  const files = Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => [file.replace(/-\d[^/]*$/, ''), `file:${file}`]),
  )
  const { manifest, lock } = productionLock(files, extras)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2))
}

/**
 * The part of the checkout's lockfile that production needs.
 * @param {Readonly<Record<string, string>>} files where each of our packages is installed from.
 * @param {readonly string[]} extras
 */
export function productionLock(files, extras = []) {
  const all = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const wanted = Object.fromEntries(extras.map((name) => [name, all[`node_modules/${name}`].version]))
  const manifest = { name: 'house', version: '1.0.0', private: true, dependencies: { ...files, ...wanted } }
  const packages = { '': manifest }
  const pending = []
  for (const [name, folder] of Object.entries(ours)) {
    if (!(name in files)) continue
    const { devDependencies: _, ...entry } = all[`packages/${folder}`]
    packages[`node_modules/${name}`] = { ...entry, resolved: files[name] }
    pending.push(`packages/${folder}`)
  }
  const registry = registryUrl()
  const add = (at, name) => {
    const path = whereIs(all, at, name)
    const target = path?.replace(/^packages\/([^/]+)/, (_, folder) => `node_modules/${nameOf(folder)}`)
    if (path === undefined || packages[target] !== undefined || name in ours) return
    const entry = Object.fromEntries(Object.entries(all[path]).filter(([key]) => !marks.includes(key)))
    const bare = name.split('/').at(-1)
    packages[target] = { ...entry, resolved: `${registry}${name}/-/${bare}-${entry.version}.tgz` }
    pending.push(path)
  }
  for (const name of extras) add('.', name)
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) for (const name of needsOf(all[at])) add(at, name)
  return { manifest, lock: { name: 'house', version: '1.0.0', lockfileVersion: 3, requires: true, packages } }
}

function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`)
  return stdout
}

function registryUrl() {
  const said = npm(['config', 'get', 'registry'], tmpdir()).trim()
  return said.endsWith('/') ? said : `${said}/`
}

function nameOf(folder) {
  return Object.entries(ours).find(([, each]) => each === folder)?.[0] ?? folder
}

function needsOf(entry) {
  return ['dependencies', 'optionalDependencies'].flatMap((kind) => Object.keys(entry[kind] ?? {}))
}

/** As Node resolves: in the package's own node_modules, then in those above it. */
function whereIs(all, from, name) {
  for (let at = from; ; at = dirname(at)) {
    const path = at === '.' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (path in all) return path
    if (at === '.') return undefined
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, ...rest] = process.argv.slice(2)
  const names = rest.filter((name) => name in ours)
  const extras = rest.filter((name) => !(name in ours))
  if (folder === undefined || names.length === 0) {
    process.stderr.write(
      `usage: node scripts/pack-production.js <folder> ${Object.keys(ours).join('|')}… [optional package…]\n`,
    )
    process.exitCode = 64
  } else packProduction(folder, names, extras)
}
