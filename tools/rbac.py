"""Writes the manifests that grant KECS its rights in a cluster, for Kustomize and for Helm.

The table is `kecs.runtimes.kubernetes.rights`. `--check` (a test calls it too) fails when the manifests are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kecs.runtimes.kubernetes.rights import AT_HOME, EVERYWHERE, STATISTICS, Right

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"

EVERYWHERE_TEXT = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {everywhere}
{labels}
rules:
{rules}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {everywhere}
{labels}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: {everywhere}
subjects:
  - kind: ServiceAccount
    name: {account}
    namespace: {namespace}
"""

HOME_TEXT = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {name}
  namespace: {namespace}
{labels}
rules:
{rules}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {name}
  namespace: {namespace}
{labels}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {name}
subjects:
  - kind: ServiceAccount
    name: {account}
    namespace: {namespace}
"""

MADE = "# Made by tools/rbac.py from the table in src/kecs/runtimes/kubernetes/rights.py; do not edit.\n"

KUSTOMIZE = {
    "name": "kecs",
    "everywhere": "kecs",
    "account": "kecs",
    "namespace": "kecs",
    "labels": "  labels:\n    app.kubernetes.io/name: kecs",
}
HELM = {
    "name": '{{ include "kecs.fullname" . }}',
    "everywhere": '{{ include "kecs.clusterWideName" . }}',
    "account": '{{ include "kecs.serviceAccountName" . }}',
    "namespace": "{{ .Release.Namespace }}",
    "labels": '  labels:\n    {{- include "kecs.labels" . | nindent 4 }}',
}


def main() -> None:
    check = sys.argv[1:] == ["--check"]
    stale = [path for path, text in manifests().items() if not path.exists() or path.read_text() != text]
    if check and stale:
        sys.exit(f"Run tools/rbac.py: {', '.join(str(path.relative_to(DEPLOY.parent)) for path in stale)} is stale.")
    for path in stale:
        path.write_text(manifests()[path])


def manifests() -> dict[Path, str]:
    """What each file has to contain."""
    return {
        DEPLOY / "kustomize/rbac.yaml": MADE + _base(KUSTOMIZE),
        DEPLOY / "kustomize/statistics/rbac.yaml": MADE + _statistics(KUSTOMIZE),
        DEPLOY / "helm/kecs/templates/rbac.yaml": (
            "{{- if .Values.rbac.create }}\n"
            f"{MADE}{_base(HELM)}"
            "{{- if .Values.rbac.statistics }}\n"
            f"---\n{_statistics(HELM)}"
            "{{- end }}\n"
            "{{- end }}\n"
        ),
    }


def _base(names: dict[str, str]) -> str:
    everywhere = EVERYWHERE_TEXT.format(**names, rules=_rules(EVERYWHERE))
    return f"{everywhere}---\n{HOME_TEXT.format(**names, rules=_rules(AT_HOME))}"


def _statistics(names: dict[str, str]) -> str:
    name = f"{names['everywhere']}-statistics"
    return EVERYWHERE_TEXT.format(**names | {"everywhere": name}, rules=_rules(STATISTICS))


def _rules(rights: Sequence[Right]) -> str:
    return "\n".join(
        f'  - apiGroups: ["{right.group}"] # {right.why}\n'
        f"    resources: [{right.resource}]\n"
        f"    verbs: [{', '.join(right.verbs)}]"
        for right in rights
    )


if __name__ == "__main__":
    main()
