from __future__ import annotations

from django.urls import URLPattern, path

from offboarding.web.evidence import copies, downloads, parts, shares, views

PACKET = "evidence/R-<int:number>/"
urlpatterns: list[URLPattern] = [
    path("evidence/", views.listing, name="evidence"),
    path(PACKET, views.packet, name="packet"),
    path(f"{PACKET}v<int:version>/", views.packet, name="packet_version"),
    path(f"{PACKET}v<int:version>/redacted/", copies.make, name="packet_copy"),
    path(f"{PACKET}v<int:version>/redacted/<int:copy>.zip", copies.take, name="packet_copy_packet"),
    path(f"{PACKET}part/<int:client>/", parts.make, name="packet_part"),
    path(f"{PACKET}part/<int:client>.zip", parts.take, name="packet_part_packet"),
    path(f"{PACKET}share/", shares.shares, name="shares"),
    path(f"{PACKET}share/new/", shares.make, name="share_new"),
    path(f"{PACKET}share/<int:pk>/end/", shares.end, name="share_end"),
    path(f"{PACKET}check/", views.check, name="packet_check"),
    path(f"{PACKET}files/<int:pk>/", downloads.file, name="evidence_file"),
    *(path(f"{PACKET}{address}", downloads.part, {"part": part}, name=f"packet_{part}")
      for part, address in downloads.ADDRESSES.items()),
    *(path(f"{PACKET}v<int:version>/{address}", downloads.part, {"part": part}, name=f"packet_version_{part}")
      for part, address in downloads.ADDRESSES.items()),
]  # fmt: skip
