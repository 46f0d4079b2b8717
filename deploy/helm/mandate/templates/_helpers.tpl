{{- define "mandate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "mandate.pdp" -}}{{ include "mandate.fullname" . }}-pdp{{- end -}}
{{- define "mandate.pods" -}}{{ include "mandate.pdp" . }}-pods{{- end -}}
{{- define "mandate.auditor" -}}{{ include "mandate.fullname" . }}-auditor{{- end -}}
{{- define "mandate.serviceHost" -}}{{ include "mandate.pdp" . }}.{{ .Release.Namespace }}.svc{{- end -}}
{{- define "mandate.podsHost" -}}{{ include "mandate.pods" . }}.{{ .Release.Namespace }}.svc{{- end -}}
{{- define "mandate.tlsSecret" -}}
{{- if .Values.tls.existingSecret -}}{{ .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.enabled -}}{{ include "mandate.pdp" . }}-tls{{- end -}}
{{- end -}}
{{- define "mandate.scheme" -}}{{ if include "mandate.tlsSecret" . }}https{{ else }}http{{ end }}{{- end -}}
{{- define "mandate.serviceUrl" -}}{{ include "mandate.scheme" . }}://{{ include "mandate.serviceHost" . }}:{{ .Values.service.port }}{{- end -}}

{{/* Addresses of the PDPs, one a pod. A pod that an autoscaler adds is reached by the Service alone. */}}
{{- define "mandate.podUrls" -}}
{{- $urls := list -}}
{{- range until (int .Values.replicas) -}}
{{- $urls = append $urls (printf "%s://%s-%d.%s:8181" (include "mandate.scheme" $) (include "mandate.pdp" $) . (include "mandate.podsHost" $)) -}}
{{- end -}}
{{- join "," $urls -}}
{{- end -}}
{{- define "mandate.podHosts" -}}
{{- $hosts := list -}}
{{- range until (int .Values.replicas) -}}
{{- $hosts = append $hosts (printf "%s-%d.%s" (include "mandate.pdp" $) . (include "mandate.podsHost" $)) -}}
{{- end -}}
{{- join "," $hosts -}}
{{- end -}}

{{- define "mandate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}{{ include "mandate.fullname" . }}
{{- else -}}{{ .Values.serviceAccount.name | default "default" }}{{- end -}}
{{- end -}}

{{/* Labels that select the pods of a component: `dict "root" $ "component" "pdp"`. */}}
{{- define "mandate.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}
{{- define "mandate.labels" -}}
{{ include "mandate.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Name, namespace, labels and annotations: `dict "root" $ "component" "pdp" "name" "…"`, and "annotations" where there are some. */}}
{{- define "mandate.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "mandate.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image by digest, else by tag: `dict "root" $ "image" .Values.image`. */}}
{{- define "mandate.image" -}}
{{- $tag := .image.tag | default .root.Chart.AppVersion -}}
{{- .image.repository }}:{{ $tag }}{{ with .image.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{/* Of every pod: nobody is root, nothing can be written, no capability, no token of the API, no variables of other Services. */}}
{{- define "mandate.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.runAsUser }}
  runAsGroup: {{ .Values.runAsUser }}
  fsGroup: {{ .Values.runAsUser }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
{{- define "mandate.container" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
{{- define "mandate.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Items of a volume of secrets: "secret", "key" and "path". */}}
{{- define "mandate.secretItem" -}}
- secret:
    name: {{ .secret }}
    items:
      - key: {{ .key }}
        path: {{ .path }}
{{- end -}}
{{- define "mandate.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ include "mandate.scheme" .root | upper }}
{{ toYaml .probe }}
{{- end -}}
{{- define "mandate.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}
{{- define "mandate.port" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- if $port -}}{{ $port }}{{- else if eq $url.scheme "https" -}}443{{- else -}}80{{- end -}}
{{- end -}}
