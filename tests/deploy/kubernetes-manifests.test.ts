// The manifests under deploy/kubernetes, base and overlays, judged by the tools that clusters and their operators use.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../docs/pages.ts'
import {
  kustomize,
  type Manifest,
  manifestsIn,
  manifestTools,
  podSecurityFindings,
  schemaFindings,
  scoreFindings,
} from '../kit/kubernetes.ts'
import { at, lintFindings, list, podOf } from '../kit/manifest-rules.ts'
import { needs } from '../require.ts'

const folder = join(root, 'deploy', 'kubernetes')
const variants = ['base', ...readdirSync(join(folder, 'overlays')).map((name) => `overlays/${name}`)]
const read = (name: string): Manifest | undefined => manifestsIn(readFileSync(join(folder, 'base', name), 'utf8'))[0]

const renderings = new Map<string, string>()
function rendered(variant: string): string {
  const yaml = renderings.get(variant) ?? kustomize(join(folder, variant))
  renderings.set(variant, yaml)
  return yaml
}

function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = manifests.filter((one) => one.kind === kind)
  if (found === undefined || others.length > 0) throw new Error(`one ${kind} is wanted, found ${others.length + 1}`)
  return found
}

/** `latest` and `IfNotPresent` are the words of the seed; a registry's tag or digest takes their place with kustomize's `images`. */
const ofTheSeed = /^Deployment\/ai-service (container-image-tag|container-image-pull-policy|latest-tag): /

needs(...manifestTools)('T31 base and overlays, rendered', () => {
  describe.each(variants)('%s', (variant) => {
    test('T31 has no field that the API does not know', () => {
      expect(schemaFindings(rendered(variant))).toEqual([])
    })

    test('T31 is admitted where Pod Security is enforced as restricted', () => {
      expect(podSecurityFindings(rendered(variant))).toEqual([])
    })

    test('T31 leaves kube-score and the rules of kube-linter nothing but the tag and the pull policy of the seed', () => {
      const yaml = rendered(variant)
      const findings = [...scoreFindings(yaml), ...lintFindings(manifestsIn(yaml))]
      expect(findings.filter((finding) => !ofTheSeed.test(finding))).toEqual([])
      expect(findings).toHaveLength(3)
    })

    test('names its images once: one `images` entry replaces them', () => {
      expect(rendered(variant).match(/image: /g)).toEqual(['image: '])
    })
  })

  test('the autoscaler and a count of replicas exclude each other', () => {
    expect(at(only(manifestsIn(rendered('base')), 'Deployment'), 'spec', 'replicas')).toBe(3)
    const scaled = manifestsIn(rendered('overlays/autoscaling'))
    expect(at(only(scaled, 'Deployment'), 'spec')).not.toHaveProperty('replicas')
    expect(at(only(scaled, 'HorizontalPodAutoscaler'), 'spec', 'minReplicas')).toBe(3)
  })

  test('the live form has the provider’s key in files under the names that the service reads, and no variable', () => {
    const pod = podOf(only(manifestsIn(rendered('overlays/live-secrets')), 'Deployment'))
    expect(list(pod?.['containers'])[0]).not.toHaveProperty('env')
    const [secrets] = list(pod?.['volumes']).filter(({ name }) => name === 'secrets')
    const items = list(at(secrets, 'projected', 'sources')).flatMap((source) => list(at(source, 'secret', 'items')))
    expect(items).toEqual([
      { key: 'openai-key', path: 'OPENAI_API_KEY' },
      { key: 'anthropic-key', path: 'ANTHROPIC_API_KEY' },
      { key: 'groq-key', path: 'GROQ_API_KEY' },
    ])
  })

  test('the configuration keeps its name when it changes: pods are not restarted for it', () => {
    const manifests = manifestsIn(rendered('base'))
    expect(only(manifests, 'ConfigMap').metadata.name).toBe('ai-service')
    expect(only(manifests, 'ConfigMap')['data']).toEqual({
      'ai-service.yaml': readFileSync(join(folder, 'base', 'ai-service.yaml'), 'utf8'),
    })
    expect(JSON.stringify(manifests)).not.toContain('checksum')
  })
})

describe('the deployment of the base', () => {
  const deployment = read('deployment.yaml')
  const pod = deployment && podOf(deployment)
  const [container] = list(pod?.['containers'])

  test('gives a pod time for all of its way down', () => {
    const config = manifestsIn(readFileSync(join(folder, 'base', 'ai-service.yaml'), 'utf8'))[0]
    const seconds = (value: unknown): number => Number(/^(\d+)s$/.exec(String(value))?.[1])
    const sleepSeconds = Number(at(container, 'lifecycle', 'preStop', 'sleep', 'seconds'))
    // The drain delay is part of the grace.
    const needed = sleepSeconds + seconds(at(config, 'server', 'shutdownGrace'))
    expect(seconds(at(config, 'server', 'drainDelay'))).toBeLessThan(seconds(at(config, 'server', 'shutdownGrace')))
    expect(pod?.['terminationGracePeriodSeconds']).toBe(630)
    // Interrupted exchanges say their last words, and records are written.
    expect(needed + 15).toBeLessThanOrEqual(630)
  })

  test('asks liveness and readiness different questions, and needs no shell for any', () => {
    expect(at(container, 'livenessProbe', 'httpGet', 'path')).toBe('/health/live')
    expect(at(container, 'startupProbe', 'httpGet', 'path')).toBe('/health/live')
    expect(at(container, 'readinessProbe', 'httpGet', 'path')).toBe('/health/ready')
    expect(JSON.stringify(container)).not.toMatch(/"exec"|"command"/)
  })

  test('mounts folders where the service looks, and nothing by subPath', () => {
    const mounts = list(container?.['volumeMounts'])
    expect(mounts.map(({ mountPath, readOnly = false }) => [mountPath, readOnly])).toEqual([
      ['/etc/ai-service', true],
      ['/run/secrets/ai-service', true],
      ['/var/lib/ai-service', false],
      ['/tmp', false],
    ])
    expect(JSON.stringify(mounts)).not.toContain('subPath')
  })
})
