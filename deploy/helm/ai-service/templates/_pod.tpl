{{/* Parts of the pod. */}}

{{/*
A hash of the settings that a running service cannot take over, and of nothing else, so that pods are replaced when one
of them changes and stay for everything that is live. What else needs a restart is part of the pod anyway.
*/}}
{{- define "ai-service.restartsFor" -}}
{{- $config := include "ai-service.config" . | fromYaml -}}
{{- $audit := omit ($config.audit | default dict) "durability" -}}
{{- list (dig "stores" "database" "" $config) $audit (include "ai-service.scheme" .) | toJson | sha256sum | trunc 8 -}}
{{- end }}

{{- define "ai-service.env" -}}
- name: AI_SERVICE_CONFIG
  value: /etc/ai-service/ai-service.yaml
- name: AI_SERVICE_HOST
  value: 0.0.0.0
- name: AI_SERVICE_PORT
  value: {{ include "ai-service.port" . | quote }}
- name: AI_SERVICE_METRICS_HOST
  value: 0.0.0.0
- name: AI_SERVICE_METRICS_PORT
  value: {{ include "ai-service.metricsPort" . | default "0" | quote }}
- name: AI_SERVICE_DATA_FOLDER
  value: {{ include "ai-service.dataFolder" . }}
{{- range $name, $value := dict "HTTP_PROXY" .Values.proxy.httpProxy "HTTPS_PROXY" .Values.proxy.httpsProxy "NO_PROXY" .Values.proxy.noProxy }}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- if .Values.ca.existingConfigMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /run/ai-service/ca/{{ .Values.ca.key }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* One probe: what is asked is fixed, how often is a value. */}}
{{- define "ai-service.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ include "ai-service.scheme" .root }}
{{ toYaml .timing }}
{{- end }}

{{/* Directories, never a subPath: only those follow a change. */}}
{{- define "ai-service.volumeMounts" -}}
- name: config
  mountPath: /etc/ai-service
  readOnly: true
{{- if include "ai-service.secretSources" . }}
- name: secrets
  mountPath: {{ include "ai-service.secretsFolder" . }}
  readOnly: true
{{- end }}
- name: data
  mountPath: {{ include "ai-service.dataFolder" . }}
- name: tmp
  mountPath: /tmp
{{- if .Values.ca.existingConfigMap }}
- name: ca
  mountPath: /run/ai-service/ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ai-service.volumes" -}}
- name: config
  configMap:
    name: {{ .Values.existingConfigMap | default (include "ai-service.fullname" .) }}
    items:
      - key: ai-service.yaml
        path: ai-service.yaml
{{- with include "ai-service.secretSources" . }}
- name: secrets
  projected:
    # 0440, in the one way that every reader of YAML takes for the same.
    defaultMode: 288
    sources:
      {{- trim . | nindent 6 }}
{{- end }}
- name: data
{{- if .Values.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim | default (include "ai-service.fullname" .) }}
{{- else }}
  emptyDir:
    sizeLimit: {{ .Values.dataSizeLimit }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if .Values.ca.existingConfigMap }}
- name: ca
  configMap:
    name: {{ .Values.ca.existingConfigMap }}
    items:
      - key: {{ .Values.ca.key }}
        path: {{ .Values.ca.key }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ai-service.affinity" -}}
{{- if .Values.affinity }}
{{- toYaml .Values.affinity }}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "ai-service.selector" . | nindent 12 }}
{{- end }}
{{- end }}

{{- define "ai-service.topologySpread" -}}
{{- range .Values.topologySpread.keys }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
  labelSelector:
    matchLabels:
      {{- include "ai-service.selector" $ | nindent 6 }}
{{- end }}
{{- end }}
