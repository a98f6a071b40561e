// For every value of the chart another one, and what has to be switched on so that it shows.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { chartFolder, type Values } from '../kit/helm.ts'

export interface Sample {
  readonly value: unknown
  /** What else must be set for it to matter. */
  readonly where?: Values
  /** What is looked for in place of the value's own words. */
  readonly shows?: readonly string[]
}

export const valuesText = readFileSync(join(chartFolder, 'values.yaml'), 'utf8')
export const schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'))

/** Dotted paths of every value that is no section, with its default. */
export function leaves(value: unknown = parse(valuesText), path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return [[path, value]]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
}

/** Dotted paths that the schema names outside `config`, with probes' and providers' own. */
export function schemaLeaves(at = schema, path = ''): readonly string[] {
  if (path === 'config' || path === 'global') return []
  const inner = Object.entries<Values>(at.properties ?? {})
  if (inner.length === 0) return [path]
  return inner.flatMap(([key, value]) => schemaLeaves(value, path === '' ? key : `${path}.${key}`))
}

export function nested(path: string, value: unknown): Values {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Values
}

const on = (...paths: readonly string[]): Values => Object.assign({}, ...paths.map((path) => nested(path, true)))
const hosts = [{ host: 'ai.example.com', paths: [{ path: '/v1' }] }]
const onePod = { replicaCount: 1, persistence: { enabled: true } }
const label = { flavour: 'vanilla' }
const container = [{ name: 'beside', image: 'proxy:1' }]
const store = { url: '', existingSecret: 'store-url' }

/** Where a default is a number, one more is another; where it is true or false, the opposite. Everything else is here. */
export const samples: Readonly<Record<string, Sample>> = {
  replicaCount: { value: 7 },
  'image.repository': { value: 'registry.example.com/ai-service' },
  'image.tag': { value: '0.1.0-rc.1' },
  'image.digest': { value: `sha256:${'ab'.repeat(32)}` },
  'image.pullPolicy': { value: 'Always' },
  'service.type': { value: 'LoadBalancer' },
  'service.nodePort': { value: 30_080, where: { service: { type: 'NodePort' } } },
  'service.annotations': { value: label },
  'resources.limits.cpu': { value: '900m' },
  'resources.limits.memory': { value: '900Mi' },
  'resources.limits.ephemeral-storage': { value: '7Gi' },
  'resources.requests.ephemeral-storage': { value: '2Gi' },
  'resources.requests.cpu': { value: '150m' },
  'resources.requests.memory': { value: '150Mi' },
  'secrets.openai_key': { value: 'sk-1' },
  'secrets.anthropic_key': { value: 'sk-2' },
  'secrets.groq_key': { value: 'sk-3' },
  'secrets.caller_key': { value: 'a-key-that-somebody-else-has-made-0123' },
  'secrets.createCallerKey': { value: false, where: { secrets: { caller_key: '' } } },
  'secrets.extra': { value: { AI_SERVICE_PEPPER: 'pepper' }, shows: ['AI_SERVICE_PEPPER', 'pepper'] },
  'secrets.existingSecret': { value: 'ai-secrets' },
  'secrets.existingSecretKeys': {
    value: { openai_key: 'openai-key' },
    where: { secrets: { existingSecret: 'ai-secrets' } },
    shows: ['openai-key', 'OPENAI_API_KEY'],
  },
  'config.max_retries': { value: 5 },
  'config.timeout': { value: '45s' },
  'config.pool_size': { value: 99 },
  existingConfigMap: { value: 'ai-config' },
  demo: { value: false, shows: [] },
  'postgresql.url': {
    value: 'postgres://db.example.com/ai',
    shows: ['postgres://db.example.com/ai', 'file:/run/secrets/ai-service/DATABASE_URL'],
  },
  'postgresql.existingSecret': { value: 'pg', shows: ['pg', 'file:/run/secrets/ai-service/DATABASE_URL'] },
  'postgresql.existingSecretKey': { value: 'uri', where: { postgresql: store } },
  'valkey.url': {
    value: 'rediss://cache.example.com',
    shows: ['rediss://cache.example.com', 'file:/run/secrets/ai-service/SHARED_URL'],
  },
  'valkey.existingSecret': { value: 'cache', shows: ['cache', 'file:/run/secrets/ai-service/SHARED_URL'] },
  'valkey.existingSecretKey': { value: 'uri', where: { valkey: store } },
  'proxy.httpProxy': { value: 'http://proxy:3128' },
  'proxy.httpsProxy': { value: 'http://proxy:3129' },
  'proxy.noProxy': { value: '.svc' },
  'ca.existingConfigMap': { value: 'corporate-ca', shows: ['corporate-ca', 'NODE_EXTRA_CA_CERTS'] },
  'ca.key': { value: 'root.pem', where: { ca: { existingConfigMap: 'corporate-ca' } } },
  nameOverride: { value: 'gateway' },
  fullnameOverride: { value: 'front-door' },
  commonLabels: { value: label },
  commonAnnotations: { value: label },
  deploymentAnnotations: { value: label },
  podAnnotations: { value: label },
  podLabels: { value: label },
  imagePullSecrets: { value: [{ name: 'pull' }] },
  'serviceAccount.name': { value: 'robot' },
  'serviceAccount.annotations': { value: label },
  extraEnv: { value: [{ name: 'AI_SERVICE_LOG', value: 'x' }], shows: ['AI_SERVICE_LOG'] },
  extraEnvFrom: { value: [{ secretRef: { name: 'more' } }] },
  extraVolumes: { value: [{ name: 'more', emptyDir: {} }] },
  extraVolumeMounts: { value: [{ name: 'more', mountPath: '/more' }] },
  initContainers: { value: container },
  extraContainers: { value: container },
  'strategy.type': { value: 'Recreate' },
  'podSecurityContext.fsGroupChangePolicy': { value: 'Always' },
  'podSecurityContext.seccompProfile.type': { value: 'Localhost' },
  'securityContext.capabilities.drop': { value: ['NET_RAW'] },
  'persistence.enabled': { value: true, where: { replicaCount: 1 }, shows: ['PersistentVolumeClaim', 'Recreate'] },
  'persistence.existingClaim': { value: 'mine', where: onePod },
  'persistence.storageClass': { value: 'fast', where: onePod },
  'persistence.accessModes': { value: ['ReadWriteOncePod'], where: onePod },
  'persistence.size': { value: '9Gi', where: onePod },
  'persistence.annotations': { value: label, where: onePod },
  dataSizeLimit: { value: '3Gi' },
  'autoscaling.minReplicas': { value: 4, where: on('autoscaling.enabled') },
  'autoscaling.maxReplicas': { value: 11, where: on('autoscaling.enabled') },
  'autoscaling.targetCPUUtilizationPercentage': { value: 55, where: on('autoscaling.enabled') },
  'autoscaling.targetMemoryUtilizationPercentage': { value: 66, where: on('autoscaling.enabled') },
  'autoscaling.metrics': {
    value: [
      {
        type: 'Pods',
        pods: { metric: { name: 'ai_streams_open' }, target: { type: 'AverageValue', averageValue: '50' } },
      },
    ],
    where: on('autoscaling.enabled'),
  },
  'autoscaling.behavior.scaleDown.stabilizationWindowSeconds': { value: 301, where: on('autoscaling.enabled') },
  'autoscaling.behavior.scaleDown.policies': {
    value: [{ type: 'Percent', value: 10, periodSeconds: 61 }],
    where: on('autoscaling.enabled'),
  },
  'podDisruptionBudget.maxUnavailable': { value: '25%' },
  'podDisruptionBudget.minAvailable': { value: 2, where: { podDisruptionBudget: { maxUnavailable: null } } },
  'networkPolicy.from': { value: [{ podSelector: { matchLabels: label } }] },
  'networkPolicy.metricsFrom': { value: [{ podSelector: { matchLabels: label } }] },
  'networkPolicy.egress': { value: [{ ports: [{ port: 443 }] }] },
  'topologySpread.keys': { value: ['rack'] },
  'topologySpread.whenUnsatisfiable': { value: 'DoNotSchedule' },
  nodeSelector: { value: label },
  tolerations: { value: [{ key: 'gpu', operator: 'Exists' }] },
  affinity: { value: { nodeAffinity: {} }, shows: ['nodeAffinity'] },
  priorityClassName: { value: 'urgent' },
  runtimeClassName: { value: 'gvisor' },
  hostAliases: { value: [{ ip: '10.0.0.9', hostnames: ['vault'] }] },
  dnsConfig: { value: { options: [{ name: 'ndots', value: '1' }] } },
  'ingress.enabled': { value: true, where: { ingress: { hosts } }, shows: ['kind: Ingress', 'ai.example.com'] },
  'ingress.className': { value: 'nginx', where: { ingress: { enabled: true, hosts } } },
  'ingress.annotations': { value: label, where: { ingress: { enabled: true, hosts } } },
  'ingress.hosts': {
    value: [{ host: 'other.example.com', paths: [{ path: '/x', pathType: 'Exact' }] }],
    where: { ingress: { enabled: true, hosts } },
  },
  'ingress.tls': {
    value: [{ secretName: 'ai-tls', hosts: ['ai.example.com'] }],
    where: { ingress: { enabled: true, hosts } },
  },
  'serviceMonitor.enabled': { value: true, shows: ['kind: ServiceMonitor'] },
  'serviceMonitor.labels': { value: label, where: on('serviceMonitor.enabled') },
  'serviceMonitor.interval': { value: '15s', where: on('serviceMonitor.enabled') },
  'serviceMonitor.scrapeTimeout': { value: '11s', where: on('serviceMonitor.enabled') },
  'serviceMonitor.relabelings': { value: [{ action: 'labeldrop', regex: 'pod' }], where: on('serviceMonitor.enabled') },
  'serviceMonitor.metricRelabelings': {
    value: [{ action: 'labeldrop', regex: 'pod' }],
    where: on('serviceMonitor.enabled'),
  },
  'prometheusRule.enabled': { value: true, shows: ['kind: PrometheusRule', 'AiServiceDown'] },
  'prometheusRule.labels': { value: label, where: on('prometheusRule.enabled') },
  'prometheusRule.extraGroups': { value: [{ name: 'mine', rules: [] }], where: on('prometheusRule.enabled') },
  'grafanaDashboard.enabled': { value: true, shows: ['rel-ai-service-dashboards'] },
  'grafanaDashboard.labels.grafana_dashboard': { value: 'main', where: on('grafanaDashboard.enabled') },
  'grafanaDashboard.annotations': { value: label, where: on('grafanaDashboard.enabled') },
  // In the schema, and not among the defaults.
  'probes.startup.initialDelaySeconds': { value: 17 },
  'probes.liveness.initialDelaySeconds': { value: 17 },
  'probes.readiness.initialDelaySeconds': { value: 17 },
  'probes.startup.successThreshold': { value: 17 },
  'probes.liveness.successThreshold': { value: 17 },
  'probes.readiness.successThreshold': { value: 17 },
}
