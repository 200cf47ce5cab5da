{{- define "operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Cluster-scoped names carry the namespace: two releases of one name in two namespaces must not share a ClusterRole. */}}
{{- define "operator.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "operator.fullname" .) }}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: ceilometer-upgrade-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Root and more labels: of a key that is among both, what is said of the one object counts. */}}
{{- define "operator.labelsWith" -}}
{{- mergeOverwrite (include "operator.labels" (first .) | fromYaml) (last . | default dict) | toYaml }}
{{- end }}

{{/* A JSON list of the namespaces that are watched; empty for all of them. */}}
{{- define "operator.namespaces" -}}
{{- if and .Values.singleNamespace .Values.watchNamespaces }}
{{- fail "singleNamespace watches the release's own namespace: leave watchNamespaces empty, or turn singleNamespace off" }}
{{- end }}
{{- ternary (list .Release.Namespace) .Values.watchNamespaces .Values.singleNamespace | toJson }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "operator.image" -}}
{{- .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{/* The rules of one watched namespace (or of all): from files/rules.yaml, which is generated from the permissions table. */}}
{{- define "operator.rules" -}}
{{- $rules := .Files.Get "files/rules.yaml" | fromYaml }}
{{- toYaml $rules.namespaced }}
{{- if .Values.podLogs.enabled }}
{{ toYaml $rules.podLogs }}
{{- end }}
{{- if .Values.secrets }}
{{- range $rules.secrets }}
{{ list (merge (dict "resourceNames" $.Values.secrets) .) | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The rules of the operator's own namespace. Its lease is that of the release, here and in its flags: two releases in one namespace
would wait for each other.
*/}}
{{- define "operator.leaderRules" -}}
{{- $named := dict "resourceNames" (list (include "operator.fullname" .)) }}
{{- range (.Files.Get "files/rules.yaml" | fromYaml).leader }}
{{ list (ternary (merge (deepCopy $named) .) . (hasKey . "resourceNames")) | toYaml }}
{{- end }}
{{- end }}

{{/* The providers file: addresses, and where the keys of the Secrets are mounted. Paths are relative to the file. */}}
{{- define "operator.providers" -}}
{{- $files := dict "token" "bearerTokenFile" "username" "usernameFile" "password" "passwordFile" "ca.crt" "caFile" }}
{{- $names := list }}
{{- $entries := list }}
{{- range .Values.providers }}
{{- if has .name $names }}
{{- fail (printf "providers: two entries are called %s; name one of them otherwise" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- $entry := pick . "name" "url" "timeoutSeconds" }}
{{- $name := .name }}
{{- range .secretKeys }}
{{- $_ := set $entry (get $files .) (printf "../provider-secrets/%s/%s" $name .) }}
{{- end }}
{{- $entries = append $entries $entry }}
{{- end }}
{{- dict "providers" $entries | toYaml }}
{{- end }}
