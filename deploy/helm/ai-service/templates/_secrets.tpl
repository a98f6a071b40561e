{{/* Secrets: which the chart's own Secret has, and which folder they are mounted in together. */}}

{{/* The variable that a name among the values stands for: openai_key is OPENAI_API_KEY; a variable is itself. */}}
{{- define "ai-service.variableOf" -}}
{{- $variables := .root.Files.Get "files/provider-variables.json" | fromJson -}}
{{- if eq .name "caller_key" -}}AI_SERVICE_CALLER_KEY
{{- else -}}{{ get $variables.values .name | default .name }}
{{- end -}}
{{- end }}

{{/* What the chart's Secret has besides a caller key that it makes, as a YAML map; what is empty is left out. */}}
{{- define "ai-service.secretData" -}}
{{- $data := dict -}}
{{- range $name, $value := omit .Values.secrets "extra" "existingSecret" "existingSecretKeys" "createCallerKey" -}}
{{- if $value }}{{ $_ := set $data (include "ai-service.variableOf" (dict "root" $ "name" $name)) $value }}{{ end -}}
{{- end -}}
{{- range $name, $value := .Values.secrets.extra -}}
{{- if $value }}{{ $_ := set $data $name $value }}{{ end -}}
{{- end -}}
{{- with .Values.postgresql.url }}{{ $_ := set $data "DATABASE_URL" . }}{{ end -}}
{{- with .Values.valkey.url }}{{ $_ := set $data "SHARED_URL" . }}{{ end -}}
{{- toYaml $data -}}
{{- end }}

{{/* Whether the chart makes the caller key itself. */}}
{{- define "ai-service.makesCallerKey" -}}
{{- $isMapped := or (hasKey .Values.secrets.existingSecretKeys "caller_key") (hasKey .Values.secrets.existingSecretKeys "AI_SERVICE_CALLER_KEY") -}}
{{- and .Values.secrets.createCallerKey (not .Values.secrets.caller_key) (not $isMapped) -}}
{{- end }}

{{/* The caller key of the release: the one that it has, else a new one. To be asked for once in a rendering. */}}
{{- define "ai-service.madeCallerKey" -}}
{{- $old := lookup "v1" "Secret" .Release.Namespace (include "ai-service.fullname" .) | default dict -}}
{{- $kept := dig "data" "AI_SERVICE_CALLER_KEY" "" $old -}}
{{- if $kept }}{{ $kept | b64dec }}{{ else }}{{ randAlphaNum 48 }}{{ end -}}
{{- end }}

{{- define "ai-service.hasSecret" -}}
{{- or (eq (include "ai-service.makesCallerKey" .) "true") (not (empty (include "ai-service.secretData" . | fromYaml))) -}}
{{- end }}

{{/* Sources of the folder of secrets; none of them is optional, so that a pod without its keys says so and waits. */}}
{{- define "ai-service.secretSources" -}}
{{- if eq (include "ai-service.hasSecret" .) "true" }}
- secret:
    name: {{ include "ai-service.fullname" . }}
{{- end }}
{{- with .Values.secrets.existingSecret }}
- secret:
    name: {{ . }}
    {{- with $.Values.secrets.existingSecretKeys }}
    items:
      {{- range $name, $key := . }}
      - key: {{ $key }}
        path: {{ include "ai-service.variableOf" (dict "root" $ "name" $name) }}
      {{- end }}
    {{- end }}
{{- end }}
{{- with .Values.postgresql }}
{{- if .existingSecret }}
- secret:
    name: {{ .existingSecret }}
    items:
      - key: {{ .existingSecretKey }}
        path: DATABASE_URL
{{- end }}
{{- end }}
{{- with .Values.valkey }}
{{- if .existingSecret }}
- secret:
    name: {{ .existingSecret }}
    items:
      - key: {{ .existingSecretKey }}
        path: SHARED_URL
{{- end }}
{{- end }}
{{- end }}
