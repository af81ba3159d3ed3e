from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.audit import exports, kept, views

urlpatterns: list[URLPattern] = [
    path("audit/", views.log, name="audit"),
    path("audit/check/", views.check, name="audit_check"),
    path("audit/checkpoint.jsonl", views.checkpoint, name="audit_checkpoint"),
    path("audit/signing-keys.jsonl", views.signing_keys, name="audit_signing_keys"),
    path("audit/compare/", kept.compare, name="audit_compare"),
    path("audit/compare/proof.json", kept.proof, name="audit_consistency"),
    path("audit/export/", exports.export, name="audit_export"),
    *(path(f"audit/export.{kind}", exports.download, {"kind": kind}, name=f"audit_export_{kind}")
      for kind in exports.WRITERS),
    path("audit/<int:seq>/", views.entry, name="audit_entry"),
    path("audit/<int:seq>/proof.json", views.proof, name="audit_proof"),
]  # fmt: skip
