"""Writes the manifests that grant KECS its rights in a cluster, for Kustomize and for Helm, and the guide's table of
them.

All of it comes from `kecs.runtimes.kubernetes.access.rights`. With `--check` it only fails when something is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kecs.runtimes.kubernetes.access.rights import AT_HOME, EVERYWHERE, STATISTICS, Right

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
GUIDE = ROOT / "docs/guides/kubernetes.md"
BEGIN, END = "<!-- rights -->\n", "<!-- end of rights -->\n"

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

MADE = "# Made by tools/rbac.py from the table in src/kecs/runtimes/kubernetes/access/rights.py; do not edit.\n"

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
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    if stale and sys.argv[1:] == ["--check"]:
        sys.exit(f"Run tools/rbac.py: {', '.join(str(path.relative_to(ROOT)) for path in stale)} is stale.")
    for path in stale:
        path.write_text(files()[path])


def files() -> dict[Path, str]:
    """What each file has to contain."""
    before, _, rest = GUIDE.read_text().partition(BEGIN)
    return manifests() | {GUIDE: f"{before}{BEGIN}{_table()}{END}{rest.partition(END)[2]}"}


def manifests() -> dict[Path, str]:
    """Under deploy/."""
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


def _table() -> str:
    """For people."""
    rows = ["| may | what for | without it |", "|---|---|---|"]
    for rights, where in ((EVERYWHERE, ""), (AT_HOME, ", in its own namespace"), (STATISTICS, "")):
        for right in rights:
            without = right.without or "tasks fail"
            rows.append(f"| {', '.join(right.verbs)} `{right.full_name}`{where} | {right.why} | {without} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
