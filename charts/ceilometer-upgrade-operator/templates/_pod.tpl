{{/* Another name than the operator's: neither its Service nor its disruption budget may take this pod for one of theirs. */}}
{{- define "operator.giveBackName" -}}
{{- include "operator.name" . | trunc 53 | trimSuffix "-" }}-give-back
{{- end }}

{{/* Likewise. */}}
{{- define "operator.testName" -}}
{{- include "operator.name" . | trunc 58 | trimSuffix "-" }}-test
{{- end }}

{{/* Root and name: labels of a pod that is not the operator's own. */}}
{{- define "operator.jobPodLabels" -}}
{{- $root := first . }}
{{- $own := dict "app.kubernetes.io/name" (last .) "app.kubernetes.io/instance" $root.Release.Name }}
{{- mergeOverwrite $own (default dict $root.Values.commonLabels) (default dict $root.Values.podLabels) | toYaml }}
{{- end }}

{{/* The operator's pod, without what only one of its users has. */}}
{{- define "operator.podSpec" -}}
serviceAccountName: {{ include "operator.serviceAccountName" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.providers .Values.notifications.existingSecret .Values.extraVolumes }}
volumes:
  {{- if .Values.providers }}
  - name: providers
    configMap: {name: {{ include "operator.fullname" . }}-providers}
  {{- end }}
  {{- range $index, $provider := .Values.providers }}
  {{- if $provider.secretName }}
  - name: provider-{{ $index }}
    secret:
      secretName: {{ $provider.secretName | quote }}
      # One that is not there makes the answers of this provider inconclusive; the operator starts without.
      optional: true
      items:
        {{- range $provider.secretKeys }}
        - {key: {{ . }}, path: {{ . }}}
        {{- end }}
  {{- end }}
  {{- end }}
  {{- with .Values.notifications.existingSecret }}
  - name: notifications
    # Without it nobody is told, and everything else goes on.
    secret: {secretName: {{ . | quote }}, optional: true}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The operator's container, without probes and ports. */}}
{{- define "operator.container" -}}
name: operator
image: {{ include "operator.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: POD_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - name: POD_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.providers .Values.notifications.existingSecret .Values.extraVolumeMounts }}
volumeMounts:
  {{- if .Values.providers }}
  - {name: providers, mountPath: /etc/ceilometer-upgrade-operator/providers, readOnly: true}
  {{- end }}
  {{- range $index, $provider := .Values.providers }}
  {{- if $provider.secretName }}
  - name: provider-{{ $index }}
    mountPath: /etc/ceilometer-upgrade-operator/provider-secrets/{{ $provider.name }}
    readOnly: true
  {{- end }}
  {{- end }}
  {{- if .Values.notifications.existingSecret }}
  - {name: notifications, mountPath: /etc/ceilometer-upgrade-operator/notifications, readOnly: true}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The operator's flags, as a list. */}}
{{- define "operator.flags" -}}
- --leader-elect
- --lease-name={{ include "operator.fullname" . }}
- --log-level={{ .Values.log.level }}
- --log-format={{ .Values.log.format }}
{{- with include "operator.namespaces" . | fromJsonArray }}
- --watch-namespaces={{ join "," . }}
{{- end }}
{{- range .Values.images.allowed }}
- {{ printf "--images-allowed=%s" . | quote }}
{{- end }}
{{- if .Values.podLogs.enabled }}
- --pod-logs
{{- end }}
{{- with .Values.secrets }}
- --secrets={{ join "," . }}
{{- end }}
{{- if .Values.providers }}
- --providers=/etc/ceilometer-upgrade-operator/providers/providers.yaml
{{- end }}
{{- if and .Values.notifications.url .Values.notifications.existingSecret }}
{{- fail "notifications: the Secret holds the address, too; leave url or existingSecret empty" }}
{{- end }}
{{- if .Values.notifications.existingSecret }}
- --notify=/etc/ceilometer-upgrade-operator/notifications/notifications.yaml
{{- else if .Values.notifications.url }}
- {{ printf "--notify=%s" .Values.notifications.url | quote }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}
