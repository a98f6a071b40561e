// Where state lies in a container, and which of those places end with it.
import { expect, test } from 'vitest'
import { endsWith } from './data-folder.ts'
import { mustLoad, problemsOf } from './load.test.kit.ts'

const overlay = '700 600 0:55 / / ro,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b'
const volume = (root: string, type = 'ext4', point = '/var/lib/ai-service') =>
  `${overlay}\n701 700 8:1 ${root} ${point} rw,relatime master:1 - ${type} /dev/sda1 rw\n`
const hex = 'a1'.repeat(32)

test.each([
  ['the container’s own layer', overlay, 'container'],
  ['memory', volume('/', 'tmpfs'), 'container'],
  ['a volume without a name', volume(`/docker/volumes/${hex}/_data`), 'container'],
  ['an emptyDir', volume('/var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/data'), 'pod'],
  ['a volume with a name', volume('/docker/volumes/ai-data/_data'), undefined],
  ['a claimed volume', volume('/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/pvc-1/mount'), undefined],
  ['a folder above', volume('/srv', 'ext4', '/var/lib'), undefined],
  ['a folder with a similar name', volume('/srv', 'ext4', '/var/lib/ai'), 'container'],
  ['a place with a blank in its name', volume('/srv', 'ext4', '/var/lib/ai\\040service'), 'container'],
  ['nothing that is known', '', undefined],
])('%s', (_, mountinfo, ends) => {
  expect(endsWith('/var/lib/ai-service/ai-service.db', mountinfo)).toBe(ends)
})

const image = {
  OPENAI_API_KEY: 'sk-openai',
  AI_SERVICE_CONTAINER: '1',
  AI_SERVICE_DATA_FOLDER: '/var/lib/ai-service',
  AI_SERVICE_AUDIT_SINKS: 'store, stdout',
}
const emptyDir = volume('/var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/data')

test('what an image sets: the folder of data and the sinks of the trail, where the configuration says nothing else', async () => {
  const { config } = await mustLoad('{}', { env: image })
  expect(config.stores.database).toMatchObject({ kind: 'sqlite', path: '/var/lib/ai-service/ai-service.db' })
  expect(config.audit.sinks).toEqual(['store', 'stdout'])
  const written = await mustLoad(
    'stores: { database: "postgres://u@db/ai" }\naudit: { sinks: [ { kind: store } ] }\n',
    { env: image },
  )
  expect(written.config.stores.database).toMatchObject({ localPath: '/var/lib/ai-service/ai-service' })
  expect(written.config.audit.sinks).toEqual(['store'])
  const elsewhere = await mustLoad('{}', { env: { OPENAI_API_KEY: 'sk-openai' } })
  expect(elsewhere.config.stores.database).toMatchObject({ path: `${elsewhere.folder}/data/ai-service.db` })
})

test('a trail that ends with its pod or container leaves a warning that says how to keep it', async () => {
  const warningsOf = async (yaml: string, env: object, mounts: string) =>
    (await mustLoad(yaml, { env: { ...image, ...env }, files: { mounts } })).warnings
  const said = expect.stringMatching(
    /^The audit trail is in \/var\/lib\/ai-service, which ends with the pod: .*postgres:\/\//,
  )
  expect(await warningsOf('{}', {}, emptyDir)).toEqual([said])
  expect(await warningsOf('{}', {}, overlay)).toEqual([expect.stringContaining('ends with the container')])
  expect(await warningsOf('{}', {}, volume('/docker/volumes/ai-data/_data'))).toEqual([])
  expect(await warningsOf('{}', { AI_SERVICE_CONTAINER: '' }, emptyDir)).toEqual([])
  expect(await warningsOf('audit: { enabled: false }', {}, emptyDir)).toEqual([])
  expect(await warningsOf('audit: { sinks: [ { kind: stdout } ] }', {}, emptyDir)).toEqual([])
  expect(await warningsOf('stores: { database: "postgres://u@db/ai" }', {}, emptyDir)).toEqual([])
})

test.each(['', 'stdout,stdout', 'store,file'])('sinks %j in the environment are refused or none', async (sinks) => {
  const problems = await problemsOf('{}', { env: { ...image, AI_SERVICE_AUDIT_SINKS: sinks } })
  expect(problems).toEqual(
    sinks === ''
      ? []
      : ['environment AI_SERVICE_AUDIT_SINKS: found something else, expected store, stdout or both with a comma'],
  )
})
