{{/* The configuration file: what values say, and where state goes in a pod. */}}

{{- define "ai-service.secretsFolder" -}}/run/secrets/ai-service{{- end }}
{{- define "ai-service.dataFolder" -}}/var/lib/ai-service{{- end }}

{{/* As YAML. What is null was taken out by hand: it is not set. */}}
{{- define "ai-service.config" -}}
{{- $config := fromYaml (include "ai-service.withoutNull" .Values.config) | default dict -}}
{{- $stores := dict "database" (printf "sqlite:%s/ai-service.db" (include "ai-service.dataFolder" .)) -}}
{{- if or .Values.postgresql.url .Values.postgresql.existingSecret -}}
{{- $_ := set $stores "database" (printf "file:%s/DATABASE_URL" (include "ai-service.secretsFolder" .)) -}}
{{- end -}}
{{- if or .Values.valkey.url .Values.valkey.existingSecret -}}
{{- $_ := set $stores "shared" (printf "file:%s/SHARED_URL" (include "ai-service.secretsFolder" .)) -}}
{{- end -}}
{{- /* Whoever collects the pods' output keeps the trail where the database ends with the pod. */ -}}
{{- $audit := dict "sinks" (list (dict "kind" "store") (dict "kind" "stdout")) -}}
{{- $config = merge $config (dict "stores" $stores "audit" $audit) -}}
{{- if eq (include "ai-service.isDemo" .) "true" -}}
{{- $config = merge $config (dict "providers" (dict "simulator" (dict "kind" "simulator"))) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{- define "ai-service.withoutNull" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $_ := set $kept $key (fromYaml (include "ai-service.withoutNull" $value)) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $kept $key $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end }}

{{- define "ai-service.isDemo" -}}
{{- if eq (toString .Values.demo) "auto" -}}
{{- not (eq (include "ai-service.hasProvider" .) "true") -}}
{{- else -}}
{{- .Values.demo -}}
{{- end -}}
{{- end }}

{{/* Whether anything here may configure a provider. */}}
{{- define "ai-service.hasProvider" -}}
{{- $variables := .Files.Get "files/provider-variables.json" | fromJson -}}
{{- $known := concat $variables.keys $variables.urls -}}
{{- $named := concat (keys (include "ai-service.secretData" . | fromYaml)) (list) -}}
{{- range .Values.extraEnv }}{{ $named = append $named .name }}{{ end -}}
{{- $found := or .Values.existingConfigMap .Values.secrets.existingSecret .Values.extraEnvFrom .Values.config.providers -}}
{{- range $named }}{{ if has . $known }}{{ $found = true }}{{ end }}{{ end -}}
{{- not (empty $found) -}}
{{- end }}

{{/* Listeners: where the file says nothing, the environment of the container does. */}}
{{- define "ai-service.port" -}}
{{- dig "server" "port" 8080 (.Values.config | default dict) | default 8080 -}}
{{- end }}

{{/* Empty where there is no listener of metrics. */}}
{{- define "ai-service.metricsPort" -}}
{{- $config := .Values.config | default dict -}}
{{- $port := dig "server" "metrics" "port" 9464 $config -}}
{{- if and (ne (toString $port) "0") (dig "telemetry" "metrics" "enabled" true $config) -}}
{{- $port -}}
{{- end -}}
{{- end }}

{{- define "ai-service.scheme" -}}
{{- ternary "HTTPS" "HTTP" (not (empty (dig "server" "tls" "" (.Values.config | default dict)))) -}}
{{- end }}

{{/* Whether what is recorded ends with the pod. A reference may lead to PostgreSQL as well. */}}
{{- define "ai-service.isDatabaseLost" -}}
{{- $database := dig "stores" "database" "" (include "ai-service.config" . | fromYaml) -}}
{{- and (hasPrefix "sqlite:" $database) (not .Values.persistence.enabled) (not .Values.existingConfigMap) -}}
{{- end }}
