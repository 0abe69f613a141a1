{{- define "kecs.fullname" -}}
{{- if contains "kecs" .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-kecs" .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of what belongs to no namespace: releases of one name may be in several. */}}
{{- define "kecs.clusterWideName" -}}
{{- $name := include "kecs.fullname" . -}}
{{- if eq $name .Release.Namespace -}}{{ $name }}{{- else -}}{{ printf "%s-%s" .Release.Namespace $name }}{{- end -}}
{{- end -}}

{{- define "kecs.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "kecs.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "kecs.selectorLabels" -}}
app.kubernetes.io/name: kecs
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kecs.labels" -}}
{{ include "kecs.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}
