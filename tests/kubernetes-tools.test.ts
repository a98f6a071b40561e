// The tools that judge manifests find what they are for: a judge that finds nothing would let everything pass.
import { expect, test } from 'vitest'
import { lintFindings } from './kit/manifest-rules.ts'
import { manifestsIn, manifestTools, podSecurityFindings, schemaFindings, scoreFindings } from './kit/kubernetes.ts'
import { needs } from './require.ts'

const careless = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: careless }
spec:
  selector: { matchLabels: { app: careless } }
  template:
    metadata: { labels: { app: careless } }
    spec:
      containers: [ { name: one, image: "one:latest" } ]
`

needs(...manifestTools)('the tools for manifests', () => {
  test('a document in order has no finding of the schemas', () => {
    expect(schemaFindings(careless)).toEqual([])
    expect(manifestsIn(`---\n${careless}\n---\n`)).toHaveLength(1)
  })

  test('a name that the API does not know, a wrong type, a missing field and an unknown kind are findings', () => {
    const wrong = careless.replace('spec:\n', 'spec:\n  replica: 3\n')
    expect(schemaFindings(wrong)).toEqual([expect.stringContaining("'replica' not allowed")])
    expect(schemaFindings(careless.replace('spec:\n', 'spec:\n  replicas: "3"\n'))).toHaveLength(1)
    expect(schemaFindings(careless.replace('  selector: { matchLabels: { app: careless } }\n', ''))).toHaveLength(1)
    expect(schemaFindings(careless.replace('apps/v1', 'apps/v9'))).toHaveLength(1)
  })

  test('schemas hold numbers where the API takes both, and the kinds of the Prometheus operator', () => {
    const port = 'ports: [ { name: http, port: 80, targetPort: http }, { name: other, port: 81, targetPort: 81 } ]'
    expect(schemaFindings(`{ apiVersion: v1, kind: Service, metadata: { name: a }, spec: { ${port} } }`)).toEqual([])
    const monitor = (field: string): string =>
      `{ apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: { name: a }, spec: { selector: {}, endpoints: [ { port: metrics, ${field}: 30s } ] } }`
    expect(schemaFindings(monitor('interval'))).toEqual([])
    expect(schemaFindings(monitor('intervall'))).toEqual([expect.stringContaining("'intervall' not allowed")])
  })

  test('a pod without a security context is named, with what it lacks', () => {
    expect(podSecurityFindings(careless)).toEqual([expect.stringMatching(/Deployment\/careless: .*runAsNonRoot/)])
    expect(() => podSecurityFindings('{ apiVersion: v1, kind: Service, metadata: { name: a } }')).toThrow('no pod')
  })

  test('kube-score names the check', () => {
    expect(scoreFindings(careless)).toContainEqual(
      expect.stringContaining('Deployment/careless container-image-tag: Image with latest tag'),
    )
  })
})

test('the rules find what a careless manifest lacks, and a service without pods', () => {
  const service =
    '{ apiVersion: v1, kind: Service, metadata: { name: a }, spec: { selector: { app: b }, ports: [ { port: 1 } ] } }'
  const told = lintFindings(manifestsIn(`${careless}\n---\n${service}`))
  const ids = told.map((finding) => / ([a-z-]+): /.exec(finding)?.[1])
  expect(ids).toEqual(
    expect.arrayContaining([
      'latest-tag',
      'unset-cpu-requirements',
      'unset-memory-requirements',
      'no-liveness-probe',
      'no-readiness-probe',
      'no-read-only-root-fs',
      'privilege-escalation',
      'run-as-non-root',
      'numeric-user',
      'service-account-token',
      'service-links',
      'no-anti-affinity',
      'non-existent-service-account',
      'non-isolated-pod',
      'dangling-service',
    ]),
  )
})
