{{/* Values that make no sense together: the installation is refused, and told what to write instead. */}}

{{- define "ai-service.check" -}}
{{- include "ai-service.checkAliases" . -}}
{{- include "ai-service.checkSecrets" . -}}
{{- include "ai-service.checkPods" . -}}
{{- include "ai-service.checkAccess" . -}}
{{- end }}

{{- define "ai-service.checkAliases" -}}
{{- $server := .Values.config.server | default dict -}}
{{- range $alias, $key := dict "max_retries" "maxRetries" "timeout" "timeout" "pool_size" "poolSize" -}}
{{- if and (not (kindIs "invalid" (get $.Values.config $alias))) (hasKey $.Values.config $alias) (hasKey $server $key) -}}
{{- fail (printf "config.%s and config.server.%s are the same setting: leave one out. The chart's own config.%s is left out by config.%s: null." $alias $key $alias $alias) -}}
{{- end -}}
{{- end -}}
{{- $host := $server.host | default "" -}}
{{- if or (hasPrefix "127." $host) (has $host (list "localhost" "::1")) -}}
{{- fail (printf "config.server.host is %s: nothing outside the pod reaches that. Leave it out, or write 0.0.0.0 or \"::\"." $host) -}}
{{- end -}}
{{- if and .Values.existingConfigMap (omit .Values.config "max_retries" "timeout" "pool_size") -}}
{{- fail (printf "existingConfigMap (%s) is in place of config: move what config has into its ai-service.yaml, or leave existingConfigMap out." .Values.existingConfigMap) -}}
{{- end -}}
{{- end }}

{{- define "ai-service.checkSecrets" -}}
{{- $secrets := .Values.secrets -}}
{{- if and $secrets.existingSecretKeys (not $secrets.existingSecret) -}}
{{- fail "secrets.existingSecretKeys names keys of a Secret, and secrets.existingSecret does not say of which: set it." -}}
{{- end -}}
{{- range $name := list "postgresql" "valkey" -}}
{{- $store := get $.Values $name -}}
{{- if and $store.url $store.existingSecret -}}
{{- fail (printf "%s.url and %s.existingSecret are the same setting: leave one out." $name $name) -}}
{{- end -}}
{{- $setting := ternary "database" "shared" (eq $name "postgresql") -}}
{{- if and (or $store.url $store.existingSecret) (dig "stores" $setting "" $.Values.config) -}}
{{- fail (printf "%s and config.stores.%s are the same setting: leave one out." $name $setting) -}}
{{- end -}}
{{- end -}}
{{- include "ai-service.checkLiterals" . -}}
{{- include "ai-service.checkReferences" . -}}
{{- end }}

{{/* Passwords and tokens written out: config goes into a ConfigMap and the proxy into the pod, which more people read than Secrets. */}}
{{- define "ai-service.checkLiterals" -}}
{{- range $name, $value := .Values.proxy -}}
{{- if regexMatch "://[^/@[:space:]]*:[^/@[:space:]]+@" (toString $value) -}}
{{- fail (printf "proxy.%s has a password in it, and would stand in the pod: leave it out, and give the variable (HTTP_PROXY, HTTPS_PROXY) from a Secret with extraEnv." $name) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "://[^/@[:space:]\"'$]*:[^/@[:space:]\"'$]+@" (toJson .Values.config) -}}
{{- fail "config has a URL with a password in it, and would stand in a ConfigMap: put the URL into a Secret (postgresql.url, valkey.url, secrets.extra.<NAME>) and refer to it, file:/run/secrets/ai-service/<NAME>." -}}
{{- end -}}
{{- range $name, $value := dig "telemetry" "traces" "headers" dict .Values.config -}}
{{- if and (regexMatch "(?i)auth|key|token|secret|password|cookie|credential|dsn|^x-honeycomb-team$" $name) (not (regexMatch "^(env|file|vault):|[$][{]" (toString $value))) -}}
{{- fail (printf "config.telemetry.traces.headers.%s is a credential written out, and would stand in a ConfigMap: put it into secrets.extra.<NAME> and refer to it, file:/run/secrets/ai-service/<NAME>." $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* References to files that no Secret will have. What a whole Secret of the user's has is not known here. */}}
{{- define "ai-service.checkReferences" -}}
{{- $secrets := .Values.secrets -}}
{{- $isKnown := or (not $secrets.existingSecret) (not (empty $secrets.existingSecretKeys)) -}}
{{- $here := keys (include "ai-service.secretData" . | fromYaml) -}}
{{- if eq (include "ai-service.makesCallerKey" .) "true" }}{{ $here = append $here "AI_SERVICE_CALLER_KEY" }}{{ end -}}
{{- range $name, $_ := $secrets.existingSecretKeys }}{{ $here = append $here (include "ai-service.variableOf" (dict "root" $ "name" $name)) }}{{ end -}}
{{- if .Values.postgresql.existingSecret }}{{ $here = append $here "DATABASE_URL" }}{{ end -}}
{{- if .Values.valkey.existingSecret }}{{ $here = append $here "SHARED_URL" }}{{ end -}}
{{- $prefix := printf "file:%s/" (include "ai-service.secretsFolder" .) -}}
{{- if and $isKnown (not .Values.extraVolumeMounts) -}}
{{- range regexFindAll (printf "%s[A-Za-z0-9._-]+" $prefix) (toJson .Values.config) -1 -}}
{{- $name := trimPrefix $prefix . -}}
{{- if not (has $name $here) -}}
{{- fail (printf "config refers to %s, and no Secret has the key %s: set secrets.extra.%s, or map a key of secrets.existingSecret to it (secrets.existingSecretKeys.%s)." . $name $name $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "ai-service.checkPods" -}}
{{- /* The image has no shell, so that the kubelet has to sleep. Helm without a cluster may say that it is at 1.20.0. */ -}}
{{- $version := .Capabilities.KubeVersion.Version -}}
{{- $minor := regexReplaceAll "^v1\\.([0-9]+).*$" $version "${1}" -}}
{{- if and .Values.preStopSleepSeconds (regexMatch "^[0-9]+$" $minor) (lt (int $minor) 30) (ne $version "v1.20.0") -}}
{{- fail (printf "preStopSleepSeconds needs Kubernetes 1.30, this is %s: set it to 0; config.server.drainDelay still gives load balancers their time." $version) -}}
{{- end -}}
{{- $scaling := .Values.autoscaling -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas (%v) is above autoscaling.maxReplicas (%v)." $scaling.minReplicas $scaling.maxReplicas) -}}
{{- end -}}
{{- if and $scaling.enabled (not $scaling.targetCPUUtilizationPercentage) (not $scaling.targetMemoryUtilizationPercentage) (not $scaling.metrics) -}}
{{- fail "autoscaling is enabled and has nothing to go by: set autoscaling.targetCPUUtilizationPercentage, .targetMemoryUtilizationPercentage or .metrics." -}}
{{- end -}}
{{- $several := or $scaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- if and .Values.persistence.enabled $several -}}
{{- fail "persistence is for one pod: a file is no database for several. Set replicaCount: 1 and autoscaling.enabled: false, or use PostgreSQL (postgresql.url) without persistence." -}}
{{- end -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and $budget.enabled (not (kindIs "invalid" $budget.maxUnavailable)) (not (kindIs "invalid" $budget.minAvailable)) -}}
{{- fail "podDisruptionBudget.minAvailable and .maxUnavailable exclude each other: set the other to null." -}}
{{- end -}}
{{- end }}

{{- define "ai-service.checkAccess" -}}
{{- if and .Values.serviceMonitor.enabled (not (include "ai-service.metricsPort" .)) -}}
{{- fail "serviceMonitor is enabled, and config switches the metrics off (server.metrics.port: 0 or telemetry.metrics.enabled: false)." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress is enabled and has no host: set ingress.hosts, such as [ { host: ai.example.com, paths: [ { path: / } ] } ]." -}}
{{- end -}}
{{- end }}
