{{/* What NOTES.txt says of keys, providers, Secrets and state. */}}

{{/* How callers' key is read, from where it is. */}}
{{- define "ai-service.notesOfKey" -}}
{{- $secrets := .Values.secrets -}}
{{- $mapped := get $secrets.existingSecretKeys "caller_key" | default (get $secrets.existingSecretKeys "AI_SERVICE_CALLER_KEY") -}}
{{- $isHere := or $secrets.caller_key (eq (include "ai-service.makesCallerKey" .) "true") -}}
{{- $mode := dig "auth" "mode" "keys" (.Values.config | default dict) -}}
{{- $secret := ternary (include "ai-service.fullname" .) $secrets.existingSecret (not (empty $isHere)) -}}
{{- $key := ternary "AI_SERVICE_CALLER_KEY" $mapped (not (empty $isHere)) }}

{{ if eq $mode "none" -}}
WARNING: config.auth.mode is none: whoever reaches the service spends.
{{- else if or $isHere $mapped -}}
Callers show a key, without which they get 401:

  AI_SERVICE_KEY=$(kubectl -n {{ .Release.Namespace }} get secret {{ $secret }} -o jsonpath='{.data.{{ $key | replace "." "\\." }}}' | base64 -d)
{{- else if dig "auth" "keys" "" (.Values.config | default dict) -}}
Callers show one of the keys in config.auth.keys, without which they get 401.
{{- else if or $secrets.existingSecret .Values.existingConfigMap .Values.extraEnv .Values.extraEnvFrom -}}
Callers show a key, without which they get 401: AI_SERVICE_CALLER_KEY, if your own Secret or environment has it, or one in auth.keys.
{{- else -}}
WARNING: there is no key for callers, so that every request gets 401: set secrets.caller_key, secrets.createCallerKey or config.auth.keys.
{{- end }}
{{- end }}

{{- define "ai-service.notesOfProviders" -}}
{{- if eq (include "ai-service.isDemo" .) "true" }}

{{ if eq (include "ai-service.hasProvider" .) "true" -}}
The built-in simulator answers too, as provider simulator (demo: true).
{{- else -}}
WARNING: no provider has a key. Only the built-in simulator answers, and only to model simulator/echo. Give one a key:

  helm upgrade {{ .Release.Name }} <chart> -n {{ .Release.Namespace }} --reset-then-reuse-values --set secrets.openai_key=<key>

(or secrets.anthropic_key, secrets.groq_key, …; a Secret of your own is secrets.existingSecret).
{{- end }}
{{- else if ne (include "ai-service.hasProvider" .) "true" }}

WARNING: no provider is configured and demo is off, so that every model is unknown (404): set secrets.openai_key, secrets.anthropic_key,
secrets.groq_key or another provider's, secrets.existingSecret, or config.providers.
{{- end }}
{{- end }}

{{/* Secrets of the user's that are not there, or not whole. Nothing is known of them without a cluster. */}}
{{- define "ai-service.notesOfSecrets" -}}
{{- $wanted := dict -}}
{{- with .Values.secrets }}{{ if .existingSecret }}{{ $_ := set $wanted "secrets" (dict "secret" .existingSecret "keys" (values .existingSecretKeys)) }}{{ end }}{{ end -}}
{{- range $name := list "postgresql" "valkey" -}}
{{- with get $.Values $name }}{{ if .existingSecret }}{{ $_ := set $wanted $name (dict "secret" .existingSecret "keys" (list .existingSecretKey)) }}{{ end }}{{ end -}}
{{- end -}}
{{- range $setting, $want := $wanted -}}
{{- $there := lookup "v1" "Secret" $.Release.Namespace $want.secret | default dict -}}
{{- if not $there }}

WARNING: there is no Secret {{ $want.secret }} in {{ $.Release.Namespace }} ({{ $setting }}.existingSecret), or it cannot be seen from here. Pods wait until it is there
{{- with $want.keys }} with the {{ ternary "key" "keys" (eq (len .) 1) }} {{ sortAlpha . | join ", " }}{{ end }}.
{{- else -}}
{{- range $want.keys }}
{{- if not (hasKey ($there.data | default dict) .) }}

WARNING: the Secret {{ $want.secret }} has no key {{ . }} ({{ $setting }}.existingSecret). Pods wait until it has.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ai-service.notesOfState" -}}
{{- $isAudited := dig "audit" "enabled" true (.Values.config | default dict) -}}
{{- if and $isAudited (eq (include "ai-service.isDatabaseLost" .) "true") }}

WARNING: each pod's audit trail is in a file that ends with the pod; its records are on the pod's output too. To keep it, set
postgresql.url or postgresql.existingSecret{{ if le (int .Values.replicaCount) 1 }}, or persistence.enabled for a single pod{{ end }}.
{{- end }}
{{- if and (not .Values.valkey.url) (not .Values.valkey.existingSecret) (dig "cache" "enabled" false (.Values.config | default dict)) (not (dig "stores" "shared" "" (.Values.config | default dict))) }}

Each pod has a response cache of its own: valkey.url gives them one together.
{{- end }}
{{- $server := dig "server" dict (.Values.config | default dict) | default dict -}}
{{- $needed := add (int .Values.preStopSleepSeconds) (int (include "ai-service.seconds" ($server.drainDelay | default "5s"))) (int (include "ai-service.seconds" ($server.shutdownGrace | default "600s"))) -}}
{{- if and (lt (int .Values.terminationGracePeriodSeconds) (int $needed)) (not .Values.existingConfigMap) }}

WARNING: a pod is killed after {{ .Values.terminationGracePeriodSeconds }} seconds, and may need {{ $needed }} to finish its streams (preStopSleepSeconds, config.server.drainDelay
and .shutdownGrace): raise terminationGracePeriodSeconds, or lower those.
{{- end }}
{{- end }}

{{/* Whole seconds of a duration such as 250ms, 30s, 5m, 24h or 7d. */}}
{{- define "ai-service.seconds" -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $unit := trimPrefix $number . -}}
{{- $factor := get (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0) $unit -}}
{{- mulf (float64 $number) $factor | ceil | int -}}
{{- end }}
