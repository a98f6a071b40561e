// Writes the CycloneDX bill of what production installs, by npm, without what differs between two runs or two machines.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { productionLock } from './pack-production.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const names = ['ai-lib', 'ai-simulator', 'ai-service']

/** @param {readonly string[]} extras optional packages that are installed too. */
export function buildSbom(extras) {
  const folder = mkdtempSync(join(tmpdir(), 'sbom-'))
  try {
    const files = Object.fromEntries(names.map((name) => [name, `file:${name}.tgz`]))
    const { manifest, lock } = productionLock(files, extras)
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
    const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev', '--offline']
    const { status, stdout, stderr } = spawnSync('npm', args, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    })
    if (status !== 0) throw new Error(`npm sbom: ${stderr}`)
    return steady(JSON.parse(stdout))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same packages give the same bytes: a serial number from the contents, the time that a build is told. */
function steady(bill) {
  const { version, license } = JSON.parse(readFileSync(join(root, 'packages/ai-service/package.json'), 'utf8'))
  const image = `ai-service-image@${version}`
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? 0)
  const { component } = bill.metadata
  const rename = (ref) => (ref === component['bom-ref'] ? image : ref)
  const components = bill.components.map(withoutPlaces)
  const dependencies = bill.dependencies.map(({ ref, dependsOn }) => ({
    ref: rename(ref),
    dependsOn: dependsOn.toSorted(),
  }))
  const hash = createHash('sha256')
    .update(JSON.stringify([image, components]))
    .digest('hex')
  return {
    ...bill,
    serialNumber: `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString(),
      component: {
        'bom-ref': image,
        type: 'application',
        name: 'ai-service-image',
        version,
        licenses: [{ license: { id: license } }],
      },
    },
    components,
    dependencies,
  }
}

/**
 * Where npm would fetch a package is this machine's affair; its hash and its name in the ecosystem say what it is. Ours are
 * in no registry: such a name would point at somebody else's.
 */
function withoutPlaces({ externalReferences = [], properties = [], purl, ...component }) {
  const kept = externalReferences.filter(({ type }) => type !== 'distribution')
  return {
    ...component,
    ...(names.includes(component.name) ? {} : { purl }),
    ...(properties.length > 0 ? { properties } : {}),
    ...(kept.length > 0 ? { externalReferences: kept } : {}),
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file] = process.argv.slice(2)
  const text = `${JSON.stringify(buildSbom(['@aws-sdk/client-s3']), null, 2)}\n`
  if (file === undefined) process.stdout.write(text)
  else writeFileSync(file, text)
}
