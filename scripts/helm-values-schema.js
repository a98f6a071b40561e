// The schema of the chart's values, but for what is under `config`: that is the service's own.

const text = (description, more = {}) => ({ type: 'string', description, ...more })
const flag = (description) => ({ type: 'boolean', description })
const whole = (minimum, maximum, description) => ({ type: 'integer', minimum, maximum, description })
const orNull = (schema) => ({ ...schema, type: [schema.type, 'null'] })
const map = (description, value = { type: 'string' }) => ({ type: 'object', description, additionalProperties: value })
/** What Kubernetes itself checks. */
const object = (description) => ({ type: 'object', description })
const list = (description, items = { type: 'object' }) => ({ type: 'array', description, items })
export const section = (description, properties) => ({
  type: 'object',
  description,
  additionalProperties: false,
  properties,
})

const port = (description) => whole(1, 65_535, description)
const seconds = (description, minimum = 0) => whole(minimum, 86_400, description)
const quantity = (description) => text(description, { pattern: '^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$' })
const prometheusDuration = (description) => text(description, { pattern: '^([0-9]+(ms|s|m|h))+$' })
const numberOrPercent = (description) => ({
  description,
  anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string', pattern: '^[0-9]{1,3}%$' }, { type: 'null' }],
})
/** A name that Kubernetes takes, or none. */
const name = (description) => text(description, { pattern: '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$' })
const secretKey = (description) => text(description, { pattern: '^[A-Za-z0-9._-]{1,253}$' })

const probe = (description) =>
  section(description, {
    initialDelaySeconds: seconds('Seconds before the first.'),
    periodSeconds: seconds('Seconds from one to the next.', 1),
    timeoutSeconds: seconds('Seconds that one may take.', 1),
    failureThreshold: whole(1, 1000, 'Failures in a row that count.'),
    successThreshold: whole(1, 1000, 'Successes in a row that count.'),
  })

/** The value of a provider's key: `openai_key`, `azure_openai_key`. */
export function valueOfProvider(provider) {
  return `${provider.replaceAll('-', '_')}_key`
}

const store = (what, form) =>
  section(`${what}, by URL.`, {
    url: text(`${form}; goes into the chart's Secret.`),
    existingSecret: name('A Secret of your own that has the URL.'),
    existingSecretKey: secretKey('Its key.'),
  })

function secretsSection(specs) {
  const providers = [...specs].filter(([, { keyVariables }]) => keyVariables.length > 0)
  const names = providers.map(([provider]) => valueOfProvider(provider))
  const keys = providers.map(([provider, { keyVariables }]) => [
    valueOfProvider(provider),
    text(`Key of ${provider}, mounted as ${keyVariables[0]}. Empty counts as not set.`),
  ])
  return section('Keys, in the chart’s Secret or in yours.', {
    ...Object.fromEntries(keys),
    // Two ways, so that no error repeats what was written.
    caller_key: {
      description: 'Key that callers show: 32 to 256 printable characters. Empty makes one.',
      type: 'string',
      anyOf: [{ maxLength: 0 }, { minLength: 32, maxLength: 256 }],
    },
    createCallerKey: flag('Whether a caller key is made where caller_key is empty.'),
    extra: { ...map('Further secrets by name.'), propertyNames: { pattern: '^[A-Za-z0-9._-]{1,253}$' } },
    existingSecret: name('A Secret of your own, mounted beside the chart’s.'),
    existingSecretKeys: {
      ...map('Which of its keys is what.', secretKey('A key of existingSecret.')),
      propertyNames: { pattern: `^([A-Z][A-Z0-9_]*|caller_key|${names.join('|')})$` },
    },
  })
}

function workloadValues() {
  return {
    replicaCount: whole(0, 1000, 'Pods.'),
    image: section('The image.', {
      repository: text('Where the image is.', { minLength: 1 }),
      tag: text('Its tag; empty is the chart’s appVersion.', { pattern: '^[A-Za-z0-9_.-]{0,128}$' }),
      digest: text('Wins over the tag.', { pattern: '^(sha256:[0-9a-f]{64})?$' }),
      pullPolicy: { description: 'When it is pulled.', enum: ['Always', 'IfNotPresent', 'Never'] },
    }),
    imagePullSecrets: list('Secrets to pull the image with.'),
    resources: object('Of the one container.'),
    extraEnv: list('Further environment variables.'),
    extraEnvFrom: list('Further sources of environment variables.'),
    extraVolumes: list('Further volumes.'),
    extraVolumeMounts: list('Where they are mounted.'),
    initContainers: list('Containers that run before.'),
    extraContainers: list('Containers that run beside.'),
    strategy: object('How pods are replaced.'),
    revisionHistoryLimit: whole(0, 100, 'Old ReplicaSets that are kept.'),
    minReadySeconds: seconds('Seconds that a new pod must have been ready before it counts.'),
    terminationGracePeriodSeconds: seconds('Seconds from SIGTERM to SIGKILL.'),
    preStopSleepSeconds: whole(0, 600, 'Seconds before SIGTERM; 0 for none.'),
    probes: section('How often is asked.', {
      startup: probe('Until it first answers.'),
      liveness: probe('Whether the process can answer.'),
      readiness: probe('Whether it should receive traffic.'),
    }),
    podSecurityContext: object('Of the pod.'),
    securityContext: object('Of the container.'),
    persistence: section('A volume that outlives the pod.', {
      enabled: flag('Whether there is one.'),
      existingClaim: name('A claim of your own.'),
      storageClass: name('Its class.'),
      accessModes: list('How it is mounted.', { enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] }),
      size: quantity('How large.'),
      annotations: map('Annotations of the claim.'),
    }),
    dataSizeLimit: quantity('Largest size of the emptyDir.'),
  }
}

function placementValues() {
  return {
    topologySpread: section('Spreads pods over zones and nodes.', {
      enabled: flag('Whether it does.'),
      keys: list('Over what.', { type: 'string', minLength: 1 }),
      whenUnsatisfiable: { description: 'Where it cannot.', enum: ['ScheduleAnyway', 'DoNotSchedule'] },
    }),
    nodeSelector: map('Labels that nodes must have.'),
    tolerations: list('Taints that pods bear.'),
    affinity: object('Affinity of pods.'),
    priorityClassName: name('Class of their priority.'),
    runtimeClassName: name('Class of their runtime.'),
    hostAliases: list('Further entries of /etc/hosts.'),
    dnsConfig: object('How names are resolved.'),
    autoscaling: section('An autoscaler.', {
      enabled: flag('Whether there is one.'),
      minReplicas: whole(1, 1000, 'At least.'),
      maxReplicas: whole(1, 1000, 'At most.'),
      targetCPUUtilizationPercentage: orNull(whole(1, 1000, 'Use of the CPU request, in percent.')),
      targetMemoryUtilizationPercentage: orNull(whole(1, 1000, 'Use of the memory request, in percent.')),
      metrics: list('Further metrics.'),
      behavior: object('How fast it goes.'),
    }),
    podDisruptionBudget: section('What a drain of nodes may take away.', {
      enabled: flag('Whether there is one.'),
      maxUnavailable: numberOrPercent('Pods that may be away.'),
      minAvailable: numberOrPercent('Pods that must be there.'),
    }),
  }
}

function accessValues() {
  return {
    service: section('The Service.', {
      type: { description: 'Its type.', enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
      port: port('Its port.'),
      nodePort: orNull(port('A port of the nodes.')),
      annotations: map('Its annotations.'),
    }),
    networkPolicy: section('Who may reach the pods, and whom they may.', {
      enabled: flag('Whether there is one.'),
      from: list('Who may reach the service.'),
      metricsFrom: list('Who may scrape.'),
      egress: list('Where pods may connect to.'),
    }),
    ingress: section('An Ingress.', {
      enabled: flag('Whether there is one.'),
      className: name('Its class.'),
      annotations: map('Its annotations.'),
      hosts: list('Names and paths.', {
        ...section('One name.', {
          host: text('The name.', { minLength: 1 }),
          paths: list('Its paths; default /.', {
            ...section('One path.', {
              path: text('The path.', { pattern: '^/' }),
              pathType: { description: 'Default Prefix.', enum: ['Prefix', 'Exact', 'ImplementationSpecific'] },
            }),
            required: ['path'],
          }),
        }),
        required: ['host'],
      }),
      tls: list('Certificates.'),
    }),
  }
}

function monitoringValues() {
  return {
    serviceMonitor: section('For the Prometheus operator.', {
      enabled: flag('Whether there is one.'),
      labels: map('Labels that the operator selects by.'),
      interval: prometheusDuration('How often.'),
      scrapeTimeout: prometheusDuration('How long it may take.'),
      relabelings: list('Relabelings before the scrape.'),
      metricRelabelings: list('Relabelings of series.'),
    }),
    prometheusRule: section('Alerts for the Prometheus operator.', {
      enabled: flag('Whether there are.'),
      labels: map('Labels that the operator selects by.'),
      extraGroups: list('Further groups of rules.'),
    }),
    grafanaDashboard: section('Dashboards for Grafana’s sidecar.', {
      enabled: flag('Whether there are.'),
      labels: map('Labels that the sidecar looks for.'),
      annotations: map('Its annotations.'),
    }),
  }
}

function generalValues() {
  return {
    existingConfigMap: name('A ConfigMap of your own with the key ai-service.yaml, in place of config.'),
    demo: { description: 'Whether the built-in simulator answers.', enum: ['auto', true, false] },
    postgresql: store('PostgreSQL', 'postgres://user:password@host:5432/name?sslmode=verify-full'),
    valkey: store('Valkey or Redis', 'redis://:password@host:6379/0, or rediss:// for TLS'),
    proxy: section('Proxies for all providers.', {
      httpProxy: text('HTTP_PROXY.'),
      httpsProxy: text('HTTPS_PROXY.'),
      noProxy: text('NO_PROXY.'),
    }),
    ca: section('Certificates trusted besides the system’s.', {
      existingConfigMap: name('A ConfigMap that has them.'),
      key: secretKey('Its key.'),
    }),
    nameOverride: name('In place of the chart’s name.'),
    fullnameOverride: name('In place of release and chart name together.'),
    commonLabels: map('Labels for all objects.'),
    commonAnnotations: map('Annotations for all objects.'),
    deploymentAnnotations: map('Annotations of the Deployment.'),
    podAnnotations: map('Annotations of the pods.'),
    podLabels: map('Labels of the pods.'),
    serviceAccount: section('Whom the pods are.', {
      create: flag('Whether the chart makes one.'),
      name: name('Its name, or that of yours.'),
      annotations: map('Its annotations.'),
      automountToken: flag('Whether its token is mounted.'),
    }),
    // Helm adds it, and a chart that has this one in it may.
    global: { type: 'object', description: 'Not read.' },
  }
}

/** What templates read besides `config`, by name. */
export function chartValues(specs) {
  return {
    ...workloadValues(),
    ...placementValues(),
    ...accessValues(),
    ...monitoringValues(),
    ...generalValues(),
    secrets: secretsSection(specs),
  }
}
