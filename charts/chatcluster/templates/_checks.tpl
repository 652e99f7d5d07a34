{{- /* Checks of values against each other, which no schema can express. The operator would not start with such values. */ -}}
{{- define "chatcluster.checks" -}}
{{- with .Values.leaderElection -}}
{{- if ge (int .renewSeconds) (int .leaseSeconds) -}}
{{- fail (printf "leaderElection.renewSeconds (%v) must be less than leaderElection.leaseSeconds (%v)" .renewSeconds .leaseSeconds) -}}
{{- end -}}
{{- if gt (mul 2 (int .retrySeconds)) (int .renewSeconds) -}}
{{- fail (printf "leaderElection.retrySeconds (%v) must be at most half of leaderElection.renewSeconds (%v)" .retrySeconds .renewSeconds) -}}
{{- end -}}
{{- end -}}
{{- $image := include "chatcluster.image" . -}}
{{- if gt (len $image) 512 -}}
{{- fail (printf "the name of the image has %d characters, at most 512 are possible" (len $image)) -}}
{{- end -}}
{{- end -}}
