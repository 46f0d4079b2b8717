{{/* Settings of the PDP, by variable. The test of the chart gives them to the PDP's own parser. */}}
{{- define "mandate.pdpSettings" -}}
{{- $services := list -}}
{{- range $client, $types := .Values.config.services -}}
{{- $services = append $services (printf "%s=%s" $client (join "+" $types)) -}}
{{- end -}}
NODE_ENV: production
LOG_LEVEL: {{ .Values.config.logLevel | quote }}
TRUST_PROXY: {{ .Values.config.trustProxy | quote }}
PDP_HOST: 0.0.0.0
PDP_PORT: "8181"
PDP_PUBLIC_URL: {{ .Values.config.publicUrl | default (include "mandate.serviceUrl" .) | quote }}
PDP_ISSUER: {{ .Values.config.issuer | quote }}
PDP_AUDIENCE: {{ .Values.config.audience | quote }}
PDP_DATA_DIR: /data/pdp
PDP_LOG_ORIGIN: {{ printf "%s/$(MANDATE_POD_NAME)" .Values.config.logOrigin | quote }}
PDP_STORE_URL_FILE: /run/secrets/mandate/store-url
PDP_INDEX_URL_FILE: /run/secrets/mandate/index-url
PDP_VAULT_KEY_FILE: /run/secrets/mandate/vault-key
PDP_WORKERS: {{ .Values.config.workers | quote }}
PDP_ENGINE_MEMORY_MB: {{ .Values.config.engineMemoryMb | quote }}
PDP_DRAIN_SECONDS: {{ .Values.config.drainSeconds | quote }}
OPENFGA_URL: {{ .Values.openfga.url | quote }}
OPENFGA_STORE: {{ .Values.openfga.store | quote }}
OPENFGA_DEADLINE_MS: {{ .Values.openfga.deadlineMs | quote }}
OPENFGA_API_TOKEN_FILE: /run/secrets/mandate/openfga-api-token
{{- if .Values.secrets.vaultOldKeysKey }}
PDP_VAULT_OLD_KEYS_FILE: /run/secrets/mandate/vault-old-keys
{{- end }}
{{- with .Values.config.jwksUrl }}
PDP_JWKS_URL: {{ . | quote }}
{{- end }}
{{- with $services }}
PDP_SERVICES: {{ join "," . | quote }}
{{- end }}
{{- with .Values.config.erasureClients }}
PDP_ERASURE_CLIENTS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.config.interactiveClients }}
PDP_INTERACTIVE_CLIENTS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.config.plainHttpHosts }}
PDP_PLAIN_HTTP_HOSTS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.config.plainPostgresHosts }}
PDP_PLAIN_POSTGRES_HOSTS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.config.witnesses }}
PDP_WITNESSES: {{ join "," . | quote }}
{{- end }}
{{- if .Values.packs }}
{{- $folders := list }}
{{- range .Values.packs }}
{{- $folders = append $folders (printf "/packs/%s" .name) }}
{{- end }}
PDP_PACKS: {{ join "," $folders | quote }}
{{- end }}
{{- if include "mandate.tlsSecret" . }}
PDP_TLS_CERT_FILE: /run/secrets/tls/tls.crt
PDP_TLS_KEY_FILE: /run/secrets/tls/tls.key
{{- end }}
{{- with .Values.tracing.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
OTEL_SERVICE_NAME: {{ include "mandate.pdp" $ | quote }}
OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=$(MANDATE_POD_NAME)"
{{- with $.Values.tracing.share }}
OTEL_TRACES_SAMPLER_ARG: {{ . | quote }}
{{- end }}
{{- if $.Values.tracing.headersKey }}
OTEL_EXPORTER_OTLP_HEADERS_FILE: /run/secrets/mandate/otlp-headers
{{- end }}
{{- end }}
{{- with .Values.config.extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Settings of the auditor's server, by variable. */}}
{{- define "mandate.auditorSettings" -}}
NODE_ENV: production
LOG_LEVEL: {{ .Values.config.logLevel | quote }}
AUDITOR_HOST: 0.0.0.0
AUDITOR_PORT: "4004"
AUDITOR_PUBLIC_URL: {{ .Values.auditor.publicUrl | quote }}
AUDITOR_TRUST_PROXY: {{ .Values.auditor.trustProxy | quote }}
AUDITOR_ISSUER: {{ .Values.config.issuer | quote }}
AUDITOR_PDP_URL: {{ include "mandate.podUrls" . | quote }}
AUDITOR_CLIENT_SECRET_FILE: /run/secrets/mandate/client-secret
{{- if .Values.auditor.consoleClientSecretKey }}
AUDITOR_CONSOLE_CLIENT_SECRET_FILE: /run/secrets/mandate/console-client-secret
{{- end }}
{{- with .Values.auditor.identityUrl }}
AUDITOR_IDENTITY_URL: {{ . | quote }}
{{- end }}
{{- with .Values.auditor.logPins }}
AUDITOR_LOG_PINS: {{ join "," . | quote }}
{{- end }}
{{- $plain := .Values.auditor.plainHttpHosts }}
{{- if include "mandate.tlsSecret" . }}
AUDITOR_TLS_CA_FILE: /run/secrets/tls/ca.crt
{{- else }}
{{- $plain = concat $plain (splitList "," (include "mandate.podHosts" .)) }}
{{- end }}
{{- with $plain }}
AUDITOR_PLAIN_HTTP_HOSTS: {{ join "," . | quote }}
{{- end }}
{{- with .Values.auditor.extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What cannot work is refused here, with the value to set, instead of by a pod that does not start. */}}
{{- define "mandate.validate" -}}
{{- $v := .Values -}}
{{- $missing := list -}}
{{- if not $v.image.repository -}}{{ $missing = append $missing "image.repository: where your registry has the image of the PDP" }}{{- end -}}
{{- if not $v.secrets.existingSecret -}}{{ $missing = append $missing "secrets.existingSecret: a secret with the keys store-url, index-url, vault-key and openfga-api-token" }}{{- end -}}
{{- if not $v.config.issuer -}}{{ $missing = append $missing "config.issuer: the issuer of tokens" }}{{- end -}}
{{- if not $v.config.logOrigin -}}{{ $missing = append $missing "config.logOrigin: host and path that the decision logs are named by, such as pdp.example.com/prod" }}{{- end -}}
{{- if not $v.openfga.url -}}{{ $missing = append $missing "openfga.url: the HTTP address of OpenFGA" }}{{- end -}}
{{- if and (not (include "mandate.tlsSecret" .)) (lt (int $v.config.trustProxy) 1) -}}{{ $missing = append $missing "tls.existingSecret or tls.certManager.enabled; or config.trustProxy: 1, where a proxy or mesh ends TLS before the PDPs" }}{{- end -}}
{{- if and $v.tls.certManager.enabled (not $v.tls.certManager.issuerRef.name) -}}{{ $missing = append $missing "tls.certManager.issuerRef.name: the issuer of cert-manager" }}{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}{{ $missing = append $missing "ingress.host" }}{{- end -}}
{{- if and $v.ingress.enabled (lt (int $v.config.trustProxy) 1) -}}{{ $missing = append $missing "config.trustProxy: 1, since the ingress controller is a proxy" }}{{- end -}}
{{- if and $v.autoscaling.enabled (lt (int $v.autoscaling.maxReplicas) (int $v.autoscaling.minReplicas)) -}}{{ $missing = append $missing "autoscaling.maxReplicas: at least minReplicas" }}{{- end -}}
{{- if $v.auditor.enabled -}}
{{- if not $v.auditor.image.repository -}}{{ $missing = append $missing "auditor.image.repository" }}{{- end -}}
{{- if not $v.auditor.publicUrl -}}{{ $missing = append $missing "auditor.publicUrl" }}{{- end -}}
{{- if not $v.auditor.existingSecret -}}{{ $missing = append $missing "auditor.existingSecret: a secret with the auditor's client secret" }}{{- end -}}
{{- if and $v.auditor.ingress.enabled (not $v.auditor.ingress.host) -}}{{ $missing = append $missing "auditor.ingress.host" }}{{- end -}}
{{- end -}}
{{- $own := include "mandate.pdpSettings" (dict "Values" (mergeOverwrite (deepCopy $v) (dict "config" (dict "extra" nil))) "Release" .Release "Chart" .Chart "Template" .Template) | fromYaml -}}
{{- range $name, $_ := $v.config.extra -}}
{{- if or (hasKey $own $name) (hasKey $own (printf "%s_FILE" $name)) -}}{{ $missing = append $missing (printf "config.extra.%s: has a value of its own in this chart" $name) }}{{- end -}}
{{- end -}}
{{- if $missing -}}{{ fail (printf "\n\nMissing or contradictory values:\n  - %s\n" (join "\n  - " $missing)) }}{{- end -}}
{{- end -}}
